package storage

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/objectmeta"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// className is the StorageClass of the static volumes and their claims. With it, a claim is never left to the cluster's
// default class.
const className = "geo-wordpress-static"

// Class declares the volumes' StorageClass in the region's cluster. Call it before any Claim.
//
// The class lets claims grow and creates no disk. By Kubernetes 1.33, nothing that enlarges a claim reads the class's
// provisioner: the API server admits a larger request if the class allows expansion (admission plugin
// PersistentVolumeClaimResize); the CSI driver's resizer takes every bound claim whose volume has its driver
// (kubernetes-csi/external-resizer, csiResizer.CanSupport); the kubelet then grows the file system under its pods. A
// provisioner, however, takes only claims whose class names it, and none has this name. A claim without a volume stays
// pending.
func (s *Storage) Class(ctx *pulumi.Context, in *cluster.Cluster) error {
	var err error
	s.class, err = storagev1.NewStorageClass(ctx, s.name, &storagev1.StorageClassArgs{
		Metadata:             &metav1.ObjectMetaArgs{Name: pulumi.String(className), Annotations: objectmeta.Annotations()},
		Provisioner:          pulumi.String("kubernetes.io/no-provisioner"),
		AllowVolumeExpansion: pulumi.Bool(true),
		ReclaimPolicy:        pulumi.String("Retain"),
		VolumeBindingMode:    pulumi.String("Immediate"),
	}, in.Object(s))
	return err
}
