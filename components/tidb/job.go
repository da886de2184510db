package tidb

import (
	"fmt"
	"slices"

	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// job is a Job that asks the region's Placement Driver until something is so. The graph waits for it.
type job struct {
	name, app, container string // app is the pod's label
	args                 GateArgs
	parent               pulumi.Resource
	command              []string
	env                  corev1.EnvVarArray
	retries              int // pods after the first
	deadline             int // in seconds
	annotations          pulumi.StringMap
	policyName           string // of the network policy; empty for the label
	admitted             bool   // by the policy of a Job of the same label that this one waits for
}

// admit declares the network policy of the Job's pods.
func (j job) admit(ctx *pulumi.Context) (pulumi.Resource, error) {
	policy := networkpolicy.Of(j.app, j.args.Namespace.Name, ingress{},
		egress{networkpolicy.To(networkpolicy.TCP(ports.PDClient), networkpolicy.Pods(PD))})
	if j.policyName != "" { // several Jobs of one label have a policy each
		policy.Metadata.(*metav1.ObjectMetaArgs).Name = pulumi.String(j.policyName)
	}
	return networkingv1.NewNetworkPolicy(ctx, j.name, policy, j.args.Cluster.Object(j.parent))
}

func (j job) declare(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	if !j.admitted {
		admitted, err := j.admit(ctx)
		if err != nil {
			return nil, err
		}
		after = append(slices.Clone(after), admitted)
	}
	c := podspec.Container(j.container, j.args.Config.Images.Tools, sizing.Job)
	c.Command = pulumi.ToStringArray(j.command)
	c.Env = j.env
	c.VolumeMounts = corev1.VolumeMountArray{mountCertificates()}
	metadata := &metav1.ObjectMetaArgs{Labels: objectmeta.Labels(j.app)}
	if j.annotations != nil {
		metadata.Annotations = j.annotations
	}
	annotations := objectmeta.Annotations()
	annotations["pulumi.com/replaceUnready"] = pulumi.String("true") // the next update repeats what failed
	return batchv1.NewJob(ctx, j.name, &batchv1.JobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace:   j.args.Namespace.Name,
			Labels:      objectmeta.Labels(j.app),
			Annotations: annotations,
		},
		Spec: &batchv1.JobSpecArgs{
			BackoffLimit:          pulumi.Int(j.retries),
			ActiveDeadlineSeconds: pulumi.Int(j.deadline),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: metadata,
				Spec: &corev1.PodSpecArgs{
					RestartPolicy:                pulumi.String("Never"),
					PriorityClassName:            j.args.Priority.Jobs,
					SecurityContext:              podspec.User(unprivileged),
					AutomountServiceAccountToken: pulumi.Bool(false),
					EnableServiceLinks:           pulumi.Bool(false),
					Containers:                   corev1.ContainerArray{c},
					Volumes:                      corev1.VolumeArray{ifCertified()},
				},
			},
		},
	}, j.args.Cluster.Object(j.parent, pulumi.DependsOn(slices.Concat(after, j.args.Namespace.Policies())),
		// Longer than the Job's own deadline, whose error says more than the provider's timeout.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: fmt.Sprintf("%ds", j.deadline+300)})))
}
