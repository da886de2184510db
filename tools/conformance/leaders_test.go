package conformance_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/ports"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// The declared Jobs make a region the primary one, with real Placement Drivers: PD takes the rules for the data's leaders, and
// its own leader moves there. The page that follows the leaders passes there alone, by what TiDB says of the stores. PD's
// rules are taken back with the switch.
//
// The store has no followers, so no data's leader moves. The first region has it, and so is the primary one. The Job that
// places the data would wait for its replicas for ever, and is stopped.
func TestPDPrimaryRegion(t *testing.T) {
	stack := committed(t, map[string]string{"geo-wordpress:primaryRegion": "europe-west1"})
	w := world.New(t, stack)
	m := &members{World: w, t: t}
	pds := startPDs(w)
	copy(m.pods[:], pds)
	startTiDBs(w, stack.Regions)
	(&stores{}).start(m, 1, 2) // without data
	var sites []*kubelet.Pod
	for _, region := range stack.Regions[:2] {
		sites = append(sites, w.Start(region.Name, "wordpress"))
	}
	w.Eventually(time.Minute, "another region leads PD", func() error {
		leader, err := askLeader(pds[0])
		if err != nil || leader != stack.Regions[0].Name {
			return err
		}
		post(t, pds[0], "/pd/api/v1/leader/resign", nil)
		return errors.New("it does not")
	})

	placed := func(next *declared.Stack) {
		t.Helper()
		job := m.operate(next, "replication-"+stack.Regions[0].Name)
		w.Eventually(time.Minute, "the Job has placed the leaders", func() error {
			if log := job.Log("membership"); !strings.Contains(log, "and not 3 of each: waiting") { // what it says next
				return errors.New(log)
			}
			return nil
		})
		job.PowerOff()
	}
	rules := func() (roles string) {
		t.Helper()
		var group struct {
			Rules []struct {
				Role        string
				Count       int
				Constraints []struct {
					Op     string
					Values []string
				} `json:"label_constraints"`
			}
		}
		get(t, pds[1], "/pd/api/v1/config/placement-rule/geo-wordpress", &group)
		for _, r := range group.Rules {
			roles += fmt.Sprintf("%d %s %v;", r.Count, r.Role, r.Constraints)
		}
		return roles
	}
	placed(stack)
	if got, want := rules(), "1 leader [{in [europe-west1]}];2 voter [{notIn [europe-west1]}];"; got != want {
		t.Errorf("PD has the rules %q, want %q", got, want)
	}
	w.Eventually(2*time.Minute, "PD's leader is in the primary region", func() error {
		if leader, err := askLeader(pds[1]); err != nil || leader != stack.Regions[0].Name {
			return fmt.Errorf("it is in %s (%v)", leader, err)
		}
		return nil
	})
	m.Done(time.Minute, m.operate(stack, "leaders-"+stack.Regions[0].Name))

	w.Ready(3*time.Minute, sites...)
	for i, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		w.Eventually(2*time.Minute, "the page knows where the leaders are", func() error {
			if code, text, err := pageOf(sites[i], ports.Health, loadbalancer.LeaderPath); err != nil || code != want {
				return fmt.Errorf("%s: %d %s (%v)", sites[i].Region.Name, code, text, err)
			}
			return nil
		})
		if code, text, err := healthPage(sites[i]); err != nil || code != http.StatusOK {
			t.Errorf("%s is not well: %d %s (%v)", sites[i].Region.Name, code, text, err)
		}
	}

	placed(stack.Next(t, map[string]string{"geo-wordpress:primaryRegion": ""}))
	if got := rules(); got != "" {
		t.Errorf("without a primary region PD has the rules %q", got)
	}
}
