package volumes

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"geo-wordpress/localcloud/machines/podenv"
)

// What an init container has written is there after a restart of the simulator, in this pod alone and only on a disk, until the
// pod ends.
func TestAnEmptyDirOutlivesTheSimulator(t *testing.T) {
	dir := t.TempDir()
	mount := func(uid types.UID, medium corev1.StorageMedium, scratch Scratch) func(name string) bool {
		pod := Pod{Pod: podenv.Pod{Pod: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: uid}}}, Scratch: scratch}
		v, err := NewMounter(nil, nil, NewDisks(dir)).Mount(pod, &corev1.Volume{Name: "start",
			VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: medium}}})
		require.NoError(t, err)
		return func(name string) bool {
			_, there := v.Has(name)
			v.Mkdir(name)
			return there
		}
	}
	first := Scratch{}
	require.False(t, mount("a", "", first)("seen"))
	require.True(t, mount("a", "", Scratch{})("seen"))
	require.False(t, mount("b", "", Scratch{})("seen"), "another pod")
	require.False(t, mount("c", corev1.StorageMediumMemory, Scratch{})("seen"))
	require.False(t, mount("c", corev1.StorageMediumMemory, Scratch{})("seen"))
	first.Discard()
	require.False(t, mount("a", "", Scratch{})("seen"), "the pod has ended")
}
