package metrics

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestUseFollowsThePages(t *testing.T) {
	pod := func(uid, kind string, pages int) Pod {
		return Pod{Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid)}}, Kind: kind, Pages: pages}
	}
	var m meter
	start := time.Unix(1000, 0)
	first := m.read([]Pod{pod("a", "wordpress", 500), pod("s", "tidb", 0)}, start)
	if first["a"] != idleMilli || first["s"] != idleMilli {
		t.Errorf("the first reading has no time between two: %v", first)
	}
	second := m.read([]Pod{pod("a", "wordpress", 550), pod("b", "wordpress", 10), pod("s", "tidb", 0), pod("r", "tidb", 0)}, start.Add(10*time.Second))
	want := map[types.UID]int64{"a": idleMilli + 350, "b": idleMilli, "s": idleMilli + 75, "r": idleMilli + 75} // 5 pages a second
	for uid, milli := range want {
		if second[uid] != milli {
			t.Errorf("%s uses %d, want %d", uid, second[uid], milli)
		}
	}
	if third := m.read([]Pod{pod("a", "wordpress", 0)}, start.Add(20*time.Second)); third["a"] != idleMilli {
		t.Errorf("a restarted pod uses %v", third)
	}
}
