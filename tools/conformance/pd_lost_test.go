package conformance_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/config/configtest"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// stores are the stores of the members' regions. Only the first one's has data: its program does not replicate.
type stores [5]*kubelet.Pod

func (s *stores) start(m *members, all ...int) {
	m.t.Helper()
	for _, n := range all {
		s[n] = m.Start(m.Stack.Regions[n].Name, "tikv")
	}
	m.Eventually(time.Minute, "the stores are up", func() error {
		for _, n := range all {
			if states, err := m.states(0, n); err != nil || !slices.Contains(states, "Up") {
				return fmt.Errorf("the stores of %s are %v (%v)\n%s", m.Stack.Regions[n].Name, states, err, m.Describe(s[n]))
			}
		}
		return nil
	})
}

// lose loses regions with their machines and disks.
func (s *stores) lose(m *members, all ...int) {
	m.t.Helper()
	for _, n := range all {
		s[n].PowerOff()
		s[n] = nil
		if err := os.RemoveAll(m.Disk(m.Stack.Regions[n].Name, "tikv-data")); err != nil {
			m.t.Fatal(err)
		}
		m.lose(n)
	}
}

// states returns the states of all stores that a Placement Driver knows at a region's address.
func (m *members) states(by, n int) (states []string, err error) {
	region := m.Stack.Regions[n]
	key, _ := region.Service("tikv")
	var list struct {
		Stores []struct {
			Store struct {
				Address string
				State   string `json:"state_name"`
			}
		}
	}
	err = ask(m.pods[by], "/pd/api/v1/stores", &list)
	for _, each := range list.Stores {
		if each.Store.Address == "tikv."+key.Namespace+".svc."+region.DNSDomain+":20160" {
			states = append(states, each.Store.State)
		}
	}
	return states, err
}

// operate runs a Job that an update would declare in the first region, once.
func (m *members) operate(next *declared.Stack, name string, changes ...func(*declared.Pod)) *kubelet.Pod {
	m.t.Helper()
	first := m.Stack.Regions[0]
	for _, region := range next.Regions { // by its name, the Job is the region's that it is about
		for key, job := range region.Jobs {
			if strings.HasPrefix(key.Name, name+"-") {
				pod := &declared.Pod{Region: first, Namespace: key.Namespace, Name: name, Template: *job.Spec.Template.DeepCopy()}
				for _, change := range changes {
					change(pod)
				}
				return m.Run(pod)
			}
		}
	}
	m.t.Fatalf("no Job is called %s", name)
	return nil
}

// goes returns the configuration of the regions in which some are lost or leave.
func goes(t *testing.T, how string, names ...string) map[string]string {
	values := configtest.Sized(t, 5)["geo-wordpress:regions"]
	for _, name := range names {
		entry := fmt.Sprintf(`{"name":%q,`, name)
		if !strings.Contains(values, entry) {
			t.Fatalf("%s is not in %s", name, values)
		}
		values = strings.Replace(values, entry, fmt.Sprintf(`{%q:true,"name":%q,`, how, name), 1)
	}
	return map[string]string{"geo-wordpress:regions": values}
}

// TestPDLostRegions takes real Placement Drivers and stores through the declared Jobs: a region that lives is not given
// up; one that is lost is, and comes back; two are lost, and the last one goes on with its data by the commands of
// docs/regions.md; two that are added leave again. The stores have no data, so none waits for replicas.
func TestPDLostRegions(t *testing.T) {
	stack := committed(t, goes(t, ""))
	m := &members{World: world.New(t, stack), t: t}
	s := &stores{}
	for n := range 3 {
		m.start(n)
	}
	m.are(0, 1, 2)
	cluster := clusterID(t, m.pods[0])
	s.start(m, 0)
	s.start(m, 1, 2)
	m.Stands()
	name := func(n int) string { return stack.Regions[n].Name }

	// One region. Both Jobs run at once: an operator may have named the wrong one.
	s.lose(m, 1)
	next := stack.Next(t, goes(t, "lost", name(1), name(2)))
	lives := m.operate(next, "purge-"+name(2))
	m.Done(longest(), m.operate(next, "purge-"+name(1)))
	m.Done(time.Minute, m.operate(next, "purge-"+name(1))) // again
	m.are(0, 2)
	if states, err := m.states(0, 1); err != nil || slices.Contains(states, "Up") {
		t.Errorf("the lost store is %v (%v)", states, err)
	}
	<-lives.Ended()
	if log := lives.Log("membership"); lives.Succeeded() || !strings.Contains(log, "refused: "+name(2)+" lives") {
		t.Errorf("the Job gave up a region that lives:\n%s", log)
	}
	m.start(1)
	m.are(0, 1, 2)
	s.start(m, 1)

	// Two regions.
	s.lose(m, 1, 2)
	m.Eventually(time.Minute, "the last one notices", func() error {
		if world.Healthy(m.pods[0]) == nil {
			return fmt.Errorf("it says that it has a quorum")
		}
		return nil
	})
	m.stop(0)
	m.pods[0] = m.Start(name(0), "pd", func(pod *declared.Pod) {
		pod.Container("pd").Args = append(pod.Container("pd").Args, "--force-new-cluster")
	})
	m.are(0)
	m.stop(0)
	m.start(0)
	m.are(0)
	next = stack.Next(t, goes(t, "lost", name(1), name(2)))
	purges := []*kubelet.Pod{m.operate(next, "purge-"+name(1)), m.operate(next, "purge-"+name(2))}
	for _, purge := range purges {
		m.Done(longest(), purge)
	}
	m.start(1)
	m.start(2)
	m.are(0, 1, 2)
	s.start(m, 1, 2)

	// Two more regions, of which one leads when they leave.
	m.start(3)
	m.start(4)
	m.are(0, 1, 2, 3, 4)
	s.start(m, 3, 4)
	lead(t, m.World, m.pods[:], name(4))
	next = stack.Next(t, goes(t, "leaving", name(3), name(4)))
	for _, n := range []int{3, 4} {
		m.Done(longest(), m.operate(next, "departure-"+name(n), func(pod *declared.Pod) {
			setEnv(pod.Container("membership"), "LEAVE_SECONDS", "1")
		}))
		if states, err := m.states(0, n); err != nil || len(states) > 0 {
			t.Errorf("the store of %s is %v (%v)", name(n), states, err)
		}
	}
	m.are(0, 1, 2)
	if now := clusterID(t, m.pods[0]); now != cluster {
		t.Errorf("the cluster is %d, and was %d", now, cluster)
	}
}
