// Package podspec holds what the components' pods share: security contexts, volumes, environment variables and probes.
package podspec

import (
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/sizing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Container is a confined container with its requests and limits.
func Container(name, image string, size sizing.Container) *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String(name),
		Image:           pulumi.String(image),
		Resources:       Resources(size),
		SecurityContext: Confined(),
	}
}

// Resources are a container's requests and limits.
func Resources(size sizing.Container) *corev1.ResourceRequirementsArgs {
	return &corev1.ResourceRequirementsArgs{
		Requests: pulumi.StringMap{
			"cpu":    pulumi.String(size.CPURequest),
			"memory": pulumi.String(size.MemoryRequest),
		},
		Limits: pulumi.StringMap{
			"cpu":    pulumi.String(size.CPULimit),
			"memory": pulumi.String(size.MemoryLimit),
		},
	}
}

// WWWData is the user, and the group, of Apache and PHP in the WordPress image: the owner of the site's files.
const WWWData = 33

// User runs a pod as an unprivileged user, whose group owns the pod's volumes if their file system supports fsGroup.
func User(id int) *corev1.PodSecurityContextArgs {
	return &corev1.PodSecurityContextArgs{
		RunAsNonRoot: pulumi.Bool(true),
		RunAsUser:    pulumi.Int(id),
		RunAsGroup:   pulumi.Int(id),
		FsGroup:      pulumi.Int(id),
		// Do not change the owner of every file on a large disk at each start.
		FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
		SeccompProfile:      &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
}

// Confined is the container-level part of the restricted Pod Security Standard, with a read-only root file system.
func Confined() *corev1.SecurityContextArgs {
	return &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		Capabilities: &corev1.CapabilitiesArgs{
			Drop: pulumi.ToStringArray([]string{"ALL"}),
		},
	}
}

// Spread spreads a Deployment's pods over the nodes. It counts the pods of one revision only: counted together with the
// pods they replace, all new pods could land on one node.
func Spread(app string) corev1.TopologySpreadConstraintArray {
	return corev1.TopologySpreadConstraintArray{&corev1.TopologySpreadConstraintArgs{
		MaxSkew:           pulumi.Int(1),
		TopologyKey:       pulumi.String("kubernetes.io/hostname"),
		WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
		LabelSelector:     objectmeta.Selector(app),
		MatchLabelKeys:    pulumi.ToStringArray([]string{"pod-template-hash"}),
	}}
}
