package volumes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/kubeclient"
	"geo-wordpress/localcloud/machines/software/nfs"
)

// provisionNFS creates an export and a persistent volume for it, as the provisioner would and with its access rights.
func (p *Provisioner) provisionNFS(ctx context.Context, server *NFSServer, class *storagev1.StorageClass, claim *corev1.PersistentVolumeClaim) (string, error) {
	client, err := p.actingFor(ctx, server)
	if err != nil {
		return "", err
	}
	address, err := nfsAddress(ctx, client, server)
	if err != nil {
		return "", err
	}
	if err := watches(ctx, client); err != nil {
		return "", err
	}
	if claim, err = client.CoreV1().PersistentVolumeClaims(claim.Namespace).Get(ctx, claim.Name, metav1.GetOptions{}); err != nil {
		return "", err
	}
	name := "pvc-" + string(claim.UID)
	path, err := server.Program.Export(name)
	if err != nil {
		return "", err
	}
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Annotations: map[string]string{
				annotationProvisionedBy:   class.Provisioner,
				"kubernetes.io/createdby": "nfs-dynamic-provisioner",
			},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: ptr.Deref(class.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete),
			StorageClassName:              class.Name,
			MountOptions:                  slices.Clone(class.MountOptions),
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name,
				UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{NFS: &corev1.NFSVolumeSource{Server: address, Path: path}},
		},
	}
	if _, err := client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); kubeclient.IgnoreExists(err) != nil {
		return "", err
	}
	return name, nil
}

// watches lists the objects that the provisioner watches: without these rights it never sees a claim.
func watches(ctx context.Context, client kubernetes.Interface) error {
	one := metav1.ListOptions{Limit: 1}
	_, classes := client.StorageV1().StorageClasses().List(ctx, one)
	_, claims := client.CoreV1().PersistentVolumeClaims("").List(ctx, one)
	_, volumes := client.CoreV1().PersistentVolumes().List(ctx, one)
	return errors.Join(classes, claims, volumes)
}

// actingFor returns a client with the rights of the server's service account. It fails if the pod has no token.
func (p *Provisioner) actingFor(ctx context.Context, server *NFSServer) (kubernetes.Interface, error) {
	pod := server.Pod
	if server.Network != nil {
		return nil, fmt.Errorf("the provisioner does not reach the API server: %w", server.Network)
	}
	account, err := p.client.CoreV1().ServiceAccounts(pod.Namespace).Get(ctx, pod.Spec.ServiceAccountName, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if !ptr.Deref(pod.Spec.AutomountServiceAccountToken, ptr.Deref(account.AutomountServiceAccountToken, true)) {
		return nil, fmt.Errorf("pod %s/%s has no service account token: automountServiceAccountToken is false", pod.Namespace, pod.Name)
	}
	token, err := p.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, account.Name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: ptr.To[int64](600),
			BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("token of service account %s/%s: %w", pod.Namespace, account.Name, err)
	}
	return p.client.WithToken(token.Status.Token, "nfs-provisioner")
}

// nfsAddress returns the address of the server's volumes: its Service's, if this server is the Service's only endpoint,
// on exactly the ports of an NFS server.
func nfsAddress(ctx context.Context, client kubernetes.Interface, server *NFSServer) (string, error) {
	namespace, name := server.Program.Namespace, server.Program.Service
	service, err := client.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("error getting service %s=%s in namespace %s: %w", "SERVICE_NAME", name, namespace, err)
	}
	endpoints, err := client.CoreV1().Endpoints(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("error getting endpoints of service %s/%s: %w", namespace, name, err)
	}
	if err := checkNFSEndpoints(endpoints, server.Program.PodIP); err != nil {
		return "", fmt.Errorf("service %s/%s is not valid; check that it has for ports %s exactly one endpoint, this pod's IP %s: %w",
			namespace, name, wantedPorts(), server.Program.PodIP, err)
	}
	if service.Spec.ClusterIP == "" || service.Spec.ClusterIP == corev1.ClusterIPNone {
		return "", fmt.Errorf("service %s/%s is headless: its volumes need a ClusterIP", namespace, name)
	}
	return service.Spec.ClusterIP, nil
}

// checkNFSEndpoints checks that a Service has exactly one endpoint, this pod, on the twelve ports of an NFS server.
//
//lint:ignore SA1019 the provisioner compares Endpoints, and no slices
func checkNFSEndpoints(endpoints *corev1.Endpoints, podIP string) error {
	if len(endpoints.Subsets) != 1 {
		return fmt.Errorf("it has %d sets of endpoints", len(endpoints.Subsets))
	}
	subset := endpoints.Subsets[0]
	if len(subset.Addresses) != 1 || subset.Addresses[0].IP != podIP {
		var found []string
		for _, a := range subset.Addresses {
			found = append(found, a.IP)
		}
		return fmt.Errorf("its ready endpoints are [%s]", strings.Join(found, " "))
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, port := range nfs.Ports {
		want[fmt.Sprintf("%d/TCP", port)], want[fmt.Sprintf("%d/UDP", port)] = true, true
	}
	for _, port := range subset.Ports {
		got[fmt.Sprintf("%d/%s", port.Port, port.Protocol)] = true
	}
	if !maps.Equal(want, got) {
		return fmt.Errorf("its ports are %v", slices.Sorted(maps.Keys(got)))
	}
	return nil
}

func wantedPorts() string {
	var list []string
	for _, port := range nfs.Ports {
		list = append(list, fmt.Sprint(port))
	}
	return strings.Join(list, ", ") + " (TCP and UDP)"
}
