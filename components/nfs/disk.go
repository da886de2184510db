package nfs

import (
	"geo-wordpress/components/internal/objectmeta"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// diskLabel marks the pods that share the disk: the server's and Syncthing's.
const diskLabel = "geo-wordpress/disk"

// Labels are the labels of a pod that shares the disk.
func Labels(app string) pulumi.StringMap {
	labels := objectmeta.Labels(app)
	labels[diskLabel] = pulumi.String(DiskClaim)
	return labels
}

// BesideTheServer requires a pod that shares the disk to run on the server's node: a disk is attached to one node at a
// time.
func BesideTheServer() *corev1.AffinityArgs {
	return &corev1.AffinityArgs{PodAffinity: &corev1.PodAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.PodAffinityTermArray{
			onTheMachineOf(pulumi.StringMap{objectmeta.Label: pulumi.String(App)}),
		},
	}}
}

// nearTheDisk makes the server prefer the node that holds the disk, where Syncthing's pod runs. On another node the
// server would wait for the disk, which Syncthing does not release. The affinity is not required: when a node is
// drained, the scheduler (1.33) does not retry a pod with a required affinity for five minutes after the other pod is
// gone.
func nearTheDisk() *corev1.AffinityArgs {
	return &corev1.AffinityArgs{PodAffinity: &corev1.PodAffinityArgs{
		PreferredDuringSchedulingIgnoredDuringExecution: corev1.WeightedPodAffinityTermArray{
			&corev1.WeightedPodAffinityTermArgs{
				Weight:          pulumi.Int(100),
				PodAffinityTerm: onTheMachineOf(pulumi.StringMap{diskLabel: pulumi.String(DiskClaim)}),
			},
		},
	}}
}

func onTheMachineOf(labels pulumi.StringMap) *corev1.PodAffinityTermArgs {
	return &corev1.PodAffinityTermArgs{
		LabelSelector: &metav1.LabelSelectorArgs{MatchLabels: labels},
		TopologyKey:   pulumi.String("kubernetes.io/hostname"),
	}
}
