package nfs

import (
	"geo-wordpress/components/internal/podspec"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// diskLabel is on the pods that share the disk, the server's and Syncthing's.
const diskLabel = "geo-wordpress/disk"

// Labels are the labels of a pod that shares the disk.
func Labels(app string) pulumi.StringMap {
	labels := podspec.Labels(app)
	labels[diskLabel] = pulumi.String(DiskClaim)
	return labels
}

// BesideTheServer binds a pod that shares the disk to the server's machine: a disk is attached to one machine at a time.
func BesideTheServer() *corev1.AffinityArgs {
	return &corev1.AffinityArgs{PodAffinity: &corev1.PodAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.PodAffinityTermArray{
			onTheMachineOf(pulumi.StringMap{podspec.Label: pulumi.String(App)}),
		},
	}}
}

// nearTheDisk leads the server back to the machine on which the disk is, which is where the other pod is: elsewhere it would
// wait for the disk, which that one does not let go. It is a wish and no demand. When the machine is drained, the scheduler
// (1.33) does not look again at a pod that was bound to another once that other is gone, for five minutes.
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
