// Package volumes simulates the storage of machines: the CSI driver of Compute Engine's disks, the nfs-provisioner's part
// in provisioning claims, and the mounting of pods' volumes.
package volumes

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubeclient"
)

const (
	// DiskDriver is the CSI driver of Compute Engine's persistent disks.
	DiskDriver = "pd.csi.storage.gke.io"
	// disksPerMachine is how many disks the driver attaches to a machine, besides the boot disk.
	disksPerMachine = 127
	// ZoneLabel is the driver's label for a machine's zone.
	ZoneLabel = "topology.gke.io/zone"
)

// NodeDriver describes the disk driver on a machine.
func NodeDriver(c cloud.Cluster, node *corev1.Node) storagev1.CSINodeDriver {
	return storagev1.CSINodeDriver{
		Name:         DiskDriver,
		NodeID:       fmt.Sprintf("projects/%s/zones/%s/instances/%s", c.Project, node.Labels[ZoneLabel], node.Name),
		TopologyKeys: []string{ZoneLabel},
		Allocatable:  &storagev1.VolumeNodeResources{Count: ptr.To[int32](disksPerMachine)},
	}
}

// InstallDriver creates the objects that GKE's addon manager creates in every cluster before it has nodes: the disk
// driver and its storage classes. (The local cloud creates no disks for claims, because every disk must be declared.)
func InstallDriver(ctx context.Context, client *kubeclient.Client) error {
	_, err := client.StorageV1().CSIDrivers().Create(ctx, &storagev1.CSIDriver{
		ObjectMeta: metav1.ObjectMeta{Name: DiskDriver},
		Spec: storagev1.CSIDriverSpec{
			AttachRequired: ptr.To(true),
			PodInfoOnMount: ptr.To(false),
			FSGroupPolicy:  ptr.To(storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy),
		},
	}, metav1.CreateOptions{})
	if kubeclient.IgnoreExists(err) != nil {
		return fmt.Errorf("CSIDriver %s: %w", DiskDriver, err)
	}
	for name, disk := range map[string]string{"standard": "pd-standard", "standard-rwo": "pd-balanced", "premium-rwo": "pd-ssd"} {
		class := &storagev1.StorageClass{
			ObjectMeta:           metav1.ObjectMeta{Name: name, Labels: map[string]string{"addonmanager.kubernetes.io/mode": "EnsureExists"}, Annotations: map[string]string{}},
			Provisioner:          DiskDriver,
			Parameters:           map[string]string{"type": disk},
			AllowVolumeExpansion: ptr.To(true),
			ReclaimPolicy:        ptr.To(corev1.PersistentVolumeReclaimDelete),
			VolumeBindingMode:    ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
		}
		if name == "standard-rwo" {
			class.Annotations["storageclass.kubernetes.io/is-default-class"] = "true"
		}
		if _, err := client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); kubeclient.IgnoreExists(err) != nil {
			return fmt.Errorf("StorageClass %s: %w", name, err)
		}
	}
	return nil
}
