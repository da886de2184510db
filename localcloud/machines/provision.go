package machines

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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/software"
)

const (
	annotationProvisioner   = "volume.kubernetes.io/storage-provisioner"
	annotationProvisionedBy = "pv.kubernetes.io/provisioned-by"
)

// nfsServer is a running nfs-provisioner and its pod.
type nfsServer struct {
	pod     *corev1.Pod
	program *software.NFSServer
	network error // why it cannot reach the control plane
}

// provision acts as the provisioner of a storage class: it provisions a claim, or reclaims a released volume.
func (c *cluster) provision(ctx context.Context, key string) error {
	kind, name, _ := strings.Cut(key, "/")
	if kind == "volume" {
		return c.reclaim(ctx, name)
	}
	namespace, name, _ := strings.Cut(name, "/")
	claim, err := c.claimLister.PersistentVolumeClaims(namespace).Get(name)
	if err != nil || claim.Status.Phase != corev1.ClaimPending || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil {
		return ignoreNotFound(err)
	}
	// The volume binder calls on the provisioner by setting this annotation.
	asked := claim.Annotations[annotationProvisioner]
	if asked == "" {
		return nil
	}
	class, err := c.classLister.Get(ptr.Deref(claim.Spec.StorageClassName, ""))
	if err != nil {
		return ignoreNotFound(err)
	}
	if asked == diskDriver {
		c.claimEvent(asked, claim, corev1.EventTypeWarning, "ProvisioningFailed", fmt.Sprintf(
			"failed to provision volume with StorageClass %q: the local cloud makes no disk that nobody declared: declare the disk and a PersistentVolume for it", class.Name))
		return nil
	}
	server := c.nfsServer(func(s *software.NFSServer) bool { return s.Provisioner == asked })
	if server == nil {
		return nil // no provisioner of that name is ready; the binder's own event says that the claim waits
	}
	if c.provisions.queue.NumRequeues(key) == 0 {
		c.claimEvent(asked, claim, corev1.EventTypeNormal, "Provisioning", fmt.Sprintf("External provisioner is provisioning volume for claim %q", namespace+"/"+name))
	}
	volume, err := c.provisionNFS(ctx, server, class, claim)
	if err != nil {
		// Early failures are expected: the endpoint of a server that has just become ready takes a moment to appear.
		if c.provisions.queue.NumRequeues(key) >= provisionRetries {
			c.claimEvent(asked, claim, corev1.EventTypeWarning, "ProvisioningFailed", fmt.Sprintf("failed to provision volume with StorageClass %q: %v", class.Name, err))
		}
		return err
	}
	c.claimEvent(asked, claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume "+volume)
	return nil
}

// provisionRetries is the number of retries before a failure becomes an event; they take about two seconds.
const provisionRetries = 4

// provisionAll queues all claims and volumes, because a provisioner has become ready. The caller holds Simulator.mu.
func (c *cluster) provisionAll() {
	claims, _ := c.claimLister.List(everything)
	for _, claim := range claims {
		c.provisions.add("claim/" + claim.Namespace + "/" + claim.Name)
	}
	volumes, _ := c.volumeLister.List(everything)
	for _, volume := range volumes {
		c.provisions.add("volume/" + volume.Name)
	}
}

func (c *cluster) claimEvent(component string, claim *corev1.PersistentVolumeClaim, kind, reason, message string) {
	c.sim.mu.Lock()
	recorder := c.recorder(component, "")
	c.sim.mu.Unlock()
	recorder.Event(claim, kind, reason, message)
}

// nfsServer finds an nfs-provisioner whose pod is ready.
func (c *cluster) nfsServer(is func(*software.NFSServer) bool) *nfsServer {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	for _, p := range c.ordered() {
		for _, ct := range p.main {
			if ct.program == nil {
				continue
			}
			program := software.AsNFSServer(ct.program)
			if program == nil || !program.Serves() || !is(program) || p.readyCondition().Status != corev1.ConditionTrue {
				continue
			}
			server := &nfsServer{pod: p.api, program: program}
			if c.sim.world != nil {
				server.network = c.sim.world.AdmitsAPI(c.sim.view(p).place)
			}
			return server
		}
	}
	return nil
}

// provisionNFS creates an export and a persistent volume for it, as the provisioner would and with its access rights.
func (c *cluster) provisionNFS(ctx context.Context, server *nfsServer, class *storagev1.StorageClass, claim *corev1.PersistentVolumeClaim) (string, error) {
	client, err := c.actingFor(ctx, server)
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
	var path string
	c.sim.mu.Lock()
	path, err = server.program.Export(name)
	c.sim.mu.Unlock()
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
	if _, err := client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
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
func (c *cluster) actingFor(ctx context.Context, server *nfsServer) (kubernetes.Interface, error) {
	pod := server.pod
	if server.network != nil {
		return nil, fmt.Errorf("the provisioner does not reach the API server: %w", server.network)
	}
	account, err := c.client.CoreV1().ServiceAccounts(pod.Namespace).Get(ctx, pod.Spec.ServiceAccountName, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if !ptr.Deref(pod.Spec.AutomountServiceAccountToken, ptr.Deref(account.AutomountServiceAccountToken, true)) {
		return nil, fmt.Errorf("pod %s/%s has no service account token: automountServiceAccountToken is false", pod.Namespace, pod.Name)
	}
	token, err := c.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, account.Name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: ptr.To[int64](600),
			BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("token of service account %s/%s: %w", pod.Namespace, account.Name, err)
	}
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken = token.Status.Token
	config.UserAgent = "nfs-provisioner"
	return kubernetes.NewForConfig(config)
}

// nfsAddress returns the address of the server's volumes: its Service's, if this server is the Service's only endpoint,
// on exactly the ports of an NFS server.
func nfsAddress(ctx context.Context, client kubernetes.Interface, server *nfsServer) (string, error) {
	namespace, name := server.program.Namespace, server.program.Service
	service, err := client.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("error getting service %s=%s in namespace %s: %w", "SERVICE_NAME", name, namespace, err)
	}
	endpoints, err := client.CoreV1().Endpoints(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("error getting endpoints of service %s/%s: %w", namespace, name, err)
	}
	if err := checkNFSEndpoints(endpoints, server.program.PodIP); err != nil {
		return "", fmt.Errorf("service %s/%s is not valid; check that it has for ports %s exactly one endpoint, this pod's IP %s: %w",
			namespace, name, wantedPorts(), server.program.PodIP, err)
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
	for _, port := range software.NFSServicePorts {
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
	for _, port := range software.NFSServicePorts {
		list = append(list, fmt.Sprint(port))
	}
	return strings.Join(list, ", ") + " (TCP and UDP)"
}

// reclaim deletes a released volume and its content, if its reclaim policy says so.
func (c *cluster) reclaim(ctx context.Context, name string) error {
	volume, err := c.volumeLister.Get(name)
	if err != nil || volume.Status.Phase != corev1.VolumeReleased || volume.Spec.NFS == nil ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete || volume.DeletionTimestamp != nil {
		return ignoreNotFound(err)
	}
	by := volume.Annotations[annotationProvisionedBy]
	server := c.nfsServer(func(s *software.NFSServer) bool { return s.Provisioner == by })
	if by == "" || server == nil {
		return nil
	}
	client, err := c.actingFor(ctx, server)
	if err != nil {
		return err
	}
	c.sim.mu.Lock()
	server.program.Unexport(name)
	c.sim.mu.Unlock()
	return ignoreNotFound(client.CoreV1().PersistentVolumes().Delete(ctx, name, metav1.DeleteOptions{}))
}
