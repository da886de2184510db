package makespan

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"geo-wordpress/times"
)

// parallel is how many resources the engine works on at once. Its default, four for each core and 16 at most, limits
// the makespan from seven regions on.
const parallel = "32"

// most is the highest allowed ratio of a makespan to the critical path.
const most = 1.05

// TestMakespan measures the update and the destroy of three to nine regions, prints a table, and checks the results
// against their targets. It takes some minutes, so it runs only with GEO_MAKESPAN=1.
func TestMakespan(t *testing.T) {
	if os.Getenv("GEO_MAKESPAN") == "" {
		t.Skip("GEO_MAKESPAN is not set: `make makespan` sets it")
	}
	if runtime.GOOS != "linux" {
		t.Skip("whether the engine is at rest is told by Linux's /proc")
	}
	text := new(strings.Builder)
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "regions\tresources\tup\tcritical path\tratio\toriginal's order\tdestroy\tcritical path\tratio\t"+
		"original's order\tpreview\tof a plain program\t")
	ups, downs := map[int]time.Duration{}, map[int]time.Duration{}
	for _, regions := range []int{3, 5, 7, 9} {
		b := newBench(t)
		p := b.system(regions)
		up, _ := p.operate("up", "--yes", "--skip-preview", "--parallel", parallel)
		g := p.graph()
		upPath := g.up(everything)
		for _, n := range g {
			if n.google() && takes(n.URN, times.Create) == 0 {
				t.Errorf("how long a %s takes is not in the table", n.URN.Type())
			}
		}

		_, preview := p.operate("preview", "--expect-no-changes")
		plain := b.plain(len(g))
		plain.operate("up", "--yes", "--skip-preview")
		_, plainPreview := plain.operate("preview", "--expect-no-changes")

		down, _ := p.operate("destroy", "--yes", "--skip-preview", "--parallel", parallel)
		calls := b.recorder.kubernetes
		downPath := g.down(stays)

		// The original's order: all of Terraform, as parallel as the graph allows; then cluster by cluster, manifest by
		// manifest, with a wait for each; and the reverse for the destroy.
		upOriginal := g.up(google) + g.inTurn(times.Create, notGoogle)
		downOriginal := g.down(google) + g.inTurn(times.Delete, notGoogle)
		ups[regions], downs[regions] = up, down
		fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%.3f\t%s\t%s\t%s\t%.3f\t%s\t%s\t%s\t\n", regions, len(g),
			whole(up), whole(upPath), ratio(up, upPath), whole(upOriginal),
			whole(down), whole(downPath), ratio(down, downPath), whole(downOriginal),
			preview.Round(100*time.Millisecond), plainPreview.Round(100*time.Millisecond))

		if r := ratio(up, upPath); r > most || r < 0.99 {
			t.Errorf("%d regions: the update takes %s, %.3f of its critical path of %s: at most %.2f, and no less than the "+
				"path, is wanted", regions, whole(up), r, whole(upPath), most)
		}
		if r := ratio(down, downPath); r > most || r < 0.99 {
			t.Errorf("%d regions: the destroy takes %s, %.3f of its critical path of %s: at most %.2f, and no less than the "+
				"path, is wanted", regions, whole(down), r, whole(downPath), most)
		}
		if calls > 0 {
			t.Errorf("%d regions: the destroy asked a Kubernetes API %d times", regions, calls)
		}
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", text)
	for name, takes := range map[string]map[int]time.Duration{"update": ups, "destroy": downs} {
		linear := takes[3] + 3*(takes[5]-takes[3])
		if takes[9] > linear+linear/20 {
			t.Errorf("the %s of nine regions takes %s: more than the %s that three and five regions let expect", name,
				whole(takes[9]), whole(linear))
		}
	}
}

func ratio(takes, path time.Duration) float64 { return float64(takes) / float64(path) }

func whole(d time.Duration) time.Duration { return d.Round(time.Second) }
