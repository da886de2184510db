package metrics

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
)

// The simulated use of CPU, in thousandths of a core: of any container that waits, and of a page a second. The first is
// sizing.PageCPUMilliseconds; the second an estimate for the 29 statements of a front page.
const (
	idleMilli           = 5
	wordpressPageMillis = 70
	tidbPageMillis      = 30
)

// Pod is a ready pod, and what it has done since its start.
type Pod struct {
	Object *corev1.Pod
	Kind   string // software.State.Kind of its program
	Pages  int    // requests that its WordPress has answered
}

// meter turns counts of pages into the use of CPU between two readings.
type meter struct {
	at    time.Time
	pages map[types.UID]int
}

// read returns the use of CPU of each pod's first container since the last reading, in thousandths of a core.
func (m *meter) read(pods []Pod, now time.Time) map[types.UID]int64 {
	seconds := now.Sub(m.at).Seconds()
	use, pages := map[types.UID]int64{}, map[types.UID]int{}
	perSecond, all, servers := map[types.UID]float64{}, 0.0, 0
	for _, p := range pods {
		uid := p.Object.UID
		pages[uid] = p.Pages
		if before, known := m.pages[uid]; known && seconds > 0 {
			perSecond[uid] = float64(max(0, p.Pages-before)) / seconds
		}
		all += perSecond[uid]
		if p.Kind == "tidb" {
			servers++
		}
	}
	for _, p := range pods {
		use[p.Object.UID] = idleMilli + int64(perSecond[p.Object.UID]*wordpressPageMillis)
		if p.Kind == "tidb" {
			use[p.Object.UID] += int64(all * tidbPageMillis / float64(servers)) // connections are spread evenly
		}
	}
	m.at, m.pages = now, pages
	return use
}

// limited is a container's use, which its limit bounds.
func limited(milli int64, c corev1.Container) *resource.Quantity {
	if limit := c.Resources.Limits.Cpu().MilliValue(); limit > 0 {
		milli = min(milli, limit)
	}
	return resource.NewMilliQuantity(milli, resource.DecimalSI)
}
