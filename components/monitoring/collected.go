package monitoring

import (
	"slices"
	"strconv"
	"strings"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/priority"
	"geo-wordpress/config"
	"geo-wordpress/sizing"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// collected is the label of the Job's pod.
const collected = "collected"

// collectedSeconds is the time until Google knows the metrics: a minute until housekeeping has written Syncthing's, an interval,
// and a few minutes until a new metric can be queried. It is an estimate.
const collectedSeconds = 300

// CollectedArgs configure the wait.
type CollectedArgs struct {
	Config    *config.Config
	Cluster   *cluster.Cluster
	Namespace *namespace.Namespace
	Priority  *priority.Classes
	// After is what is collected, and from what.
	After []pulumi.Resource
}

type wait struct{ pulumi.ResourceState }

// Collected declares a Job that ends some minutes after the collection has begun, and returns it. Google refuses an alert in
// PromQL on a metric of which it has no sample. (Its API has
// disableMetricValidation, which terraform-provider-google-beta v5.42.0, and so pulumi-gcp v7.38.0, does not know.)
func Collected(ctx *pulumi.Context, name string, args CollectedArgs, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
	w := &wait{}
	if err := ctx.RegisterComponentResource("geo-wordpress:monitoring:Collected", name, w, opts...); err != nil {
		return nil, err
	}
	c := podspec.Container(collected, args.Config.Images.Tools, sizing.Job)
	// Another alert may be about another metric, so a new Job waits.
	c.Env = corev1.EnvVarArray{podspec.Env("ALERTS", pulumi.String(strings.Join(ruleNames(args.Config), " ")))}
	c.Command = pulumi.ToStringArray([]string{"sh", "-c", "trap 'exit 1' TERM; sleep " + strconv.Itoa(collectedSeconds) + " & wait $!"})
	annotations := objectmeta.Annotations()
	annotations["pulumi.com/replaceUnready"] = pulumi.String("true") // the next update waits again
	// It needs nothing but time. Like all pods, it has a policy of its own.
	policy, err := networkingv1.NewNetworkPolicy(ctx, name, networkpolicy.Of(collected, args.Namespace.Name, nil, nil),
		args.Cluster.Object(w))
	if err != nil {
		return nil, err
	}
	job, err := batchv1.NewJob(ctx, name, &batchv1.JobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace: args.Namespace.Name, Labels: objectmeta.Labels(collected), Annotations: annotations,
		},
		Spec: &batchv1.JobSpecArgs{
			BackoffLimit:          pulumi.Int(3),
			ActiveDeadlineSeconds: pulumi.Int(4 * collectedSeconds),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: objectmeta.Labels(collected)},
				Spec: &corev1.PodSpecArgs{
					RestartPolicy:                pulumi.String("Never"),
					PriorityClassName:            args.Priority.Jobs,
					SecurityContext:              podspec.User(podspec.WWWData),
					AutomountServiceAccountToken: pulumi.Bool(false),
					EnableServiceLinks:           pulumi.Bool(false),
					Containers:                   corev1.ContainerArray{c},
				},
			},
		},
	}, args.Cluster.Object(w, pulumi.DependsOn(slices.Concat(args.After, args.Namespace.Policies(), []pulumi.Resource{policy})),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: strconv.Itoa(5*collectedSeconds) + "s"})))
	if err != nil {
		return nil, err
	}
	return job, ctx.RegisterResourceOutputs(w, pulumi.Map{})
}
