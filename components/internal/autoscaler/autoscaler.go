// Package autoscaler declares how the number of a Deployment's pods follows their use of CPU.
package autoscaler

import (
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/sizing"

	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure the autoscaler of a Deployment.
type Args struct {
	Namespace   pulumi.StringInput
	App         string // the Deployment's name
	Least, Most int    // pods
	// UpSeconds is how long the use of CPU must be high before pods are added, DownSeconds how long it must be low before
	// one is removed.
	UpSeconds, DownSeconds int
	// AddSeconds is the time in which the pods at most double, or two are added. RemoveSeconds is the time between two pods
	// that are removed: longer than a pod takes to stop.
	AddSeconds, RemoveSeconds int
}

// Own is the option of a Deployment that has an autoscaler: from then on its declared replicas count only when it is
// created. The provider leaves the field out of its server-side apply once the autoscaler has changed it, and repeats the
// live value before (pulumi-kubernetes v4.24, handleSSAIgnoreFields), so that no update resets the number. Without the field in
// the program, the first update would give up its ownership, and the API server would reset it to its default: one pod.
func Own() pulumi.ResourceOption { return pulumi.IgnoreChanges([]string{"spec.replicas"}) }

// New declares the autoscaler.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) error {
	metadata := &metav1.ObjectMetaArgs{Name: pulumi.String(args.App), Namespace: args.Namespace, Annotations: objectmeta.Annotations()}
	if args.Least == args.Most {
		// The last step before the autoscaler is removed: see config, whose rule relies on it.
		metadata.Annotations = objectmeta.UntilScaled(args.Most)
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(ctx, name, &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: metadata,
		Spec: &autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: &autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(args.App),
			},
			MinReplicas: pulumi.Int(args.Least),
			MaxReplicas: pulumi.Int(args.Most),
			Metrics: autoscalingv2.MetricSpecArray{&autoscalingv2.MetricSpecArgs{
				Type: pulumi.String("Resource"),
				Resource: &autoscalingv2.ResourceMetricSourceArgs{
					Name: pulumi.String("cpu"),
					Target: &autoscalingv2.MetricTargetArgs{
						Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(sizing.GrowthPercent),
					},
				},
			}},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
				ScaleUp: rules("Max", args.UpSeconds,
					policy("Percent", 100, args.AddSeconds), policy("Pods", 2, args.AddSeconds)),
				ScaleDown: rules("Min", args.DownSeconds, policy("Pods", 1, args.RemoveSeconds)),
			},
		},
	}, opts...)
	return err
}

// rules name every field, because the API answers with its defaults.
func rules(choose string, stabilizationSeconds int, policies ...autoscalingv2.HPAScalingPolicyInput) *autoscalingv2.HPAScalingRulesArgs {
	return &autoscalingv2.HPAScalingRulesArgs{
		SelectPolicy:               pulumi.String(choose),
		StabilizationWindowSeconds: pulumi.Int(stabilizationSeconds),
		Policies:                   autoscalingv2.HPAScalingPolicyArray(policies),
	}
}

func policy(kind string, value, seconds int) *autoscalingv2.HPAScalingPolicyArgs {
	return &autoscalingv2.HPAScalingPolicyArgs{
		Type: pulumi.String(kind), Value: pulumi.Int(value), PeriodSeconds: pulumi.Int(seconds),
	}
}
