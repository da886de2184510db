package storage

import (
	"fmt"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/objectmeta"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClaimArgs name the claim through which pods use a disk.
type ClaimArgs struct {
	Namespace pulumi.StringInput
	// Claim is the PersistentVolumeClaim's name; a StatefulSet looks for <template>-<set>-<ordinal>.
	Claim string
}

// Claim declares the static PersistentVolume of the disk and the claim bound to it, in the cluster of the disk's
// region. Both children carry name and have parent as their parent.
//
// When the disk's size is raised, the disk grows, then the claim asks for the new size, and the CSI driver grows the
// file system and writes the volume's capacity.
func (d *Disk) Claim(ctx *pulumi.Context, name string, in *cluster.Cluster, parent pulumi.Resource, args ClaimArgs,
) (*corev1.PersistentVolumeClaim, error) {
	size := quantity(d.sizeGiB)
	capacity := pulumi.StringMap{"storage": pulumi.String(size)}
	volume, err := corev1.NewPersistentVolume(ctx, name, &corev1.PersistentVolumeArgs{
		// Not auto-named: a create whose response is lost would leave a second volume for the disk behind.
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(name), Annotations: objectmeta.Unawaited()},
		Spec: &corev1.PersistentVolumeSpecArgs{
			Capacity:                      capacity,
			AccessModes:                   pulumi.ToStringArray([]string{"ReadWriteOnce"}),
			PersistentVolumeReclaimPolicy: pulumi.String("Retain"),
			StorageClassName:              pulumi.String(className),
			VolumeMode:                    pulumi.String("Filesystem"),
			Csi: &corev1.CSIPersistentVolumeSourceArgs{
				Driver:       pulumi.String("pd.csi.storage.gke.io"),
				VolumeHandle: d.ID(), // projects/P/zones/Z/disks/D
				FsType:       pulumi.String("ext4"),
			},
			ClaimRef: &corev1.ObjectReferenceArgs{
				ApiVersion: pulumi.String("v1"),
				Kind:       pulumi.String("PersistentVolumeClaim"),
				Namespace:  args.Namespace.ToStringOutput(),
				Name:       pulumi.String(args.Claim),
			},
			NodeAffinity: &corev1.VolumeNodeAffinityArgs{
				Required: &corev1.NodeSelectorArgs{
					NodeSelectorTerms: corev1.NodeSelectorTermArray{&corev1.NodeSelectorTermArgs{
						MatchExpressions: corev1.NodeSelectorRequirementArray{&corev1.NodeSelectorRequirementArgs{
							Key:      pulumi.String("topology.gke.io/zone"),
							Operator: pulumi.String("In"),
							Values:   pulumi.ToStringArray([]string{d.region.Zone}),
						}},
					}},
				},
			},
		},
	}, in.Object(parent), pulumi.IgnoreChanges([]string{
		"metadata.name", // earlier versions auto-named it
		// Only a new volume has its capacity from here. Later the driver's resizer writes it, after it has grown the
		// disk: two writers would conflict, and if it were raised before, the resizer would take the growth for its own
		// earlier one and resume with that one's size (external-resizer, expandAndRecover).
		"spec.capacity.storage",
	}))
	if err != nil {
		return nil, err
	}
	return corev1.NewPersistentVolumeClaim(ctx, name, &corev1.PersistentVolumeClaimArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace:   args.Namespace,
			Name:        pulumi.String(args.Claim),
			Annotations: objectmeta.UntilSized(size),
		},
		Spec: &corev1.PersistentVolumeClaimSpecArgs{
			AccessModes:      pulumi.ToStringArray([]string{"ReadWriteOnce"}),
			StorageClassName: pulumi.String(className),
			VolumeMode:       pulumi.String("Filesystem"),
			VolumeName:       volume.Metadata.Name(),
			Resources:        &corev1.VolumeResourceRequirementsArgs{Requests: capacity},
		},
	}, in.Object(parent, pulumi.DependsOn([]pulumi.Resource{d.storage.class})))
}

// quantity is a size as Kubernetes writes it: 1024 GiB are 1Ti.
func quantity(gib int) string {
	if gib%1024 == 0 {
		return fmt.Sprintf("%dTi", gib/1024)
	}
	return fmt.Sprintf("%dGi", gib)
}
