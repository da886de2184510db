package livetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/software/nfs"
)

func nfsPorts(ports []int) []corev1.ServicePort {
	var list []corev1.ServicePort
	for _, port := range ports {
		for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP} {
			list = append(list, corev1.ServicePort{Name: fmt.Sprintf("p%d-%s", port, map[corev1.Protocol]string{"TCP": "tcp", "UDP": "udp"}[protocol]), Port: int32(port), Protocol: protocol})
		}
	}
	return list
}

var nfsRules = []rbacv1.PolicyRule{
	{APIGroups: []string{""}, Resources: []string{"persistentvolumes"}, Verbs: []string{"get", "list", "watch", "create", "delete"}},
	{APIGroups: []string{""}, Resources: []string{"persistentvolumeclaims"}, Verbs: []string{"get", "list", "watch", "update"}},
	{APIGroups: []string{"storage.k8s.io"}, Resources: []string{"storageclasses"}, Verbs: []string{"get", "list", "watch"}},
	{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create", "update", "patch"}},
	{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"get"}},
}

// A claim is bound only if the provisioner has its access rights, and its Service has exactly an NFS server's ports.
func TestNFSClaimsAreProvisionedByTheRules(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "files")
	r.diskClaim(t, ns, "export")
	_, err := r.client.CoreV1().ServiceAccounts(ns).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "nfs"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	role, err := r.client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "nfs-test"}, Rules: nfsRules}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = r.client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "nfs-test"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "nfs-test"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: "nfs", Namespace: ns}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = r.client.StorageV1().StorageClasses().Create(t.Context(), &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "shared"}, Provisioner: "test.example/nfs",
		ReclaimPolicy: ptr.To(corev1.PersistentVolumeReclaimDelete), MountOptions: []string{"vers=4.1", "hard"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	service, err := r.client.CoreV1().Services(ns).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "nfs"},
		Spec:       corev1.ServiceSpec{Selector: labels("nfs"), Ports: nfsPorts([]int{2049, 20048, 111, 662})},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	field := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
	}
	r.deployment(t, ns, "nfs", 1, corev1.PodSpec{
		ServiceAccountName: "nfs",
		Volumes:            []corev1.Volume{volumeFromClaim("export", "export")},
		Containers: []corev1.Container{{
			Name: "nfs", Image: "registry.k8s.io/sig-storage/nfs-provisioner:v4.0.8", Args: []string{"-provisioner=test.example/nfs"},
			Env:             []corev1.EnvVar{field("POD_IP", "status.podIP"), field("POD_NAMESPACE", "metadata.namespace"), {Name: "SERVICE_NAME", Value: "nfs"}},
			VolumeMounts:    []corev1.VolumeMount{{Name: "export", MountPath: "/export"}},
			SecurityContext: &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"DAC_READ_SEARCH", "SYS_RESOURCE"}}},
			ReadinessProbe:  tcpProbe(2049),
		}},
	})
	r.ready(t, ns, "app=nfs", 1)
	_, err = r.client.CoreV1().PersistentVolumeClaims(ns).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "shared"},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: ptr.To("shared"), AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources: corev1.VolumeResourceRequirements{Requests: quantity("5Gi")},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)

	r.event(t, ns, "Warning ProvisioningFailed shared", "endpoints", "is forbidden")
	role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"endpoints"}, Verbs: []string{"get"}})
	_, err = r.client.RbacV1().ClusterRoles().Update(t.Context(), role, metav1.UpdateOptions{})
	require.NoError(t, err)
	r.event(t, ns, "Warning ProvisioningFailed shared", "service files/nfs is not valid")
	service.Spec.Ports = nfsPorts(nfs.Ports)
	service, err = r.client.CoreV1().Services(ns).Update(t.Context(), service, metav1.UpdateOptions{})
	require.NoError(t, err)

	claim := r.bound(t, ns, "shared")
	pv, err := r.client.CoreV1().PersistentVolumes().Get(t.Context(), claim.Spec.VolumeName, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "pvc-"+string(claim.UID), pv.Name)
	require.Equal(t, service.Spec.ClusterIP, pv.Spec.NFS.Server)
	require.Equal(t, "/export/"+pv.Name, pv.Spec.NFS.Path)
	require.Equal(t, []string{"vers=4.1", "hard"}, pv.Spec.MountOptions)
	require.Equal(t, corev1.PersistentVolumeReclaimDelete, pv.Spec.PersistentVolumeReclaimPolicy)
	require.Equal(t, "test.example/nfs", pv.Annotations["pv.kubernetes.io/provisioned-by"])

	// Pods on any node mount the volume.
	c := server(8080)
	c.VolumeMounts = []corev1.VolumeMount{{Name: "shared", MountPath: "/shared"}}
	r.deployment(t, ns, "client", 2, corev1.PodSpec{Volumes: []corev1.Volume{volumeFromClaim("shared", "shared")}, Containers: []corev1.Container{c}})
	r.ready(t, ns, "app=client", 2)

	require.NoError(t, r.client.AppsV1().Deployments(ns).Delete(t.Context(), "client", metav1.DeleteOptions{}))
	require.NoError(t, r.client.CoreV1().PersistentVolumeClaims(ns).Delete(t.Context(), "shared", metav1.DeleteOptions{}))
	eventually(t, "the volume is reclaimed", func() (bool, error) {
		_, err := r.client.CoreV1().PersistentVolumes().Get(t.Context(), pv.Name, metav1.GetOptions{})
		return err != nil, nil
	})
}
