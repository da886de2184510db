package livetest

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func labels(app string) map[string]string { return map[string]string{"app": app} }

// deployment creates a Deployment of one container.
func (r *region) deployment(t *testing.T, namespace, app string, replicas int32, pod corev1.PodSpec) {
	t.Helper()
	_, err := r.client.AppsV1().Deployments(namespace).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: app},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels(app)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels(app)}, Spec: pod},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// headless creates the Service by which peers find a pod.
func (r *region) headless(t *testing.T, namespace, app string, port int32) {
	t.Helper()
	_, err := r.client.CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: app},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true, Selector: labels(app),
			Ports: []corev1.ServicePort{{Name: "main", Port: port}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// diskClaim creates a disk, and a volume and a claim for it.
func (r *region) diskClaim(t *testing.T, namespace, name string) (handle string) {
	t.Helper()
	handle = world.facts.addDisk(r, namespace+"-"+name)
	r.claimFor(t, namespace, name, handle)
	return handle
}

func (r *region) claimFor(t *testing.T, namespace, name, handle string) {
	t.Helper()
	pv := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + name},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      quantity("10Gi"),
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			StorageClassName:              "static",
			ClaimRef:                      &corev1.ObjectReference{Namespace: namespace, Name: name},
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{
				Driver: "pd.csi.storage.gke.io", VolumeHandle: handle, FSType: "ext4",
			}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "topology.gke.io/zone", Operator: corev1.NodeSelectorOpIn, Values: []string{r.pool.Zone}}},
			}}}},
		},
	}
	_, err := r.client.CoreV1().PersistentVolumes().Create(t.Context(), pv, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = r.client.CoreV1().PersistentVolumes().Delete(t.Context(), pv.Name, metav1.DeleteOptions{})
	})
	_, err = r.client.CoreV1().PersistentVolumeClaims(namespace).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: ptr.To("static"), VolumeName: pv.Name,
			AccessModes: pv.Spec.AccessModes,
			Resources:   corev1.VolumeResourceRequirements{Requests: quantity("10Gi")},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	// The scheduler warns about a pod that is created before its claim is bound.
	r.bound(t, namespace, name)
}

func (r *region) bound(t *testing.T, namespace, claim string) *corev1.PersistentVolumeClaim {
	t.Helper()
	var found *corev1.PersistentVolumeClaim
	eventually(t, "claim "+claim+" is bound", func() (bool, error) {
		var err error
		found, err = r.client.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), claim, metav1.GetOptions{})
		return err == nil && found.Status.Phase == corev1.ClaimBound, err
	})
	return found
}

func volumeFromClaim(name, claim string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}
}

func httpProbe(port int, path string) *corev1.Probe {
	return &corev1.Probe{PeriodSeconds: 2, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt(port)}}}
}

func tcpProbe(port int) *corev1.Probe {
	return &corev1.Probe{PeriodSeconds: 2, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt(port)}}}
}

func quantityOf(s string) resource.Quantity { return resource.MustParse(s) }
