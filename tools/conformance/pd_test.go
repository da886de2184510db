package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// The first Placement Driver stays ready alone. Any two make a quorum, however far apart they start; the third joins them.
func TestPDAnyOrder(t *testing.T) {
	for n, order := range [][]int{{0, 1, 2}, {2, 0, 1}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			w := world.New(t, committed(t, nil))
			var all []*kubelet.Pod
			for i, region := range order {
				if i > 0 {
					time.Sleep(20 * time.Second)
				}
				pd := w.Start(w.Stack.Regions[region].Name, "pd")
				w.Ready(2*time.Minute, pd)
				all = append(all, pd)
				switch {
				case i > 0:
					quorum(w, all...)
				case n == 0:
					staysReadyAlone(t, w, pd)
				}
			}
			var members struct {
				Members []struct{ Name string }
			}
			get(t, all[0], "/pd/api/v1/members", &members)
			if len(members.Members) != len(all) {
				t.Errorf("the members are %v", members.Members)
			}
			unharmed(t, w, all...)
		})
	}
}

// staysReadyAlone checks that a Placement Driver passes its readiness probe before the others exist: the graph waits for
// the first region's before it creates them. No probe may kill it while it waits.
func staysReadyAlone(t *testing.T, w *world.World, pd *kubelet.Pod) {
	t.Helper()
	// Wait longer than a liveness probe that asked for a quorum would tolerate.
	probed := pd.Container("pd")
	probe := probed.LivenessProbe
	patience := time.Duration(probe.PeriodSeconds*(probe.FailureThreshold+1))*time.Second + 5*time.Second
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Second) {
		if !pd.Ready() || pd.Restarts() > 0 {
			t.Fatalf("alone, the Placement Driver did not stay ready:\n%s", w.Describe(pd))
		}
	}
	for _, e := range pd.Events("NotReady", "Killing", "Ended") {
		if e.Container == probed.Name {
			t.Errorf("alone, the Placement Driver had %v", e)
		}
	}
	if world.Healthy(pd) == nil {
		t.Error("one Placement Driver of three says that it has a quorum: it does not know of the others")
	}
}

// If the leader dies, another leads. If two are lost with their machines, the third waits for them, and no probe ends
// it. The two come back to the same cluster, with the data stored in it.
func TestPDLosses(t *testing.T) {
	w := world.New(t, committed(t, nil))
	pds := startPDs(w)
	cluster := clusterID(t, pds[0])

	leader := leaderOf(t, pds[0])
	began := time.Now()
	for _, pd := range pds {
		if pd.Region.Name == leader {
			pd.Signal(syscall.SIGKILL)
		}
	}
	survivors := without(pds, leader)
	w.Eventually(time.Minute, "another leads", func() error {
		now, err := askLeader(survivors[0])
		if err == nil && now == leader {
			err = fmt.Errorf("%s still leads", now)
		}
		return err
	})
	t.Logf("after the leader was killed, another led in %.1f s", time.Since(began).Seconds())
	quorum(w, pds...) // the killed one is back

	const kept = 17
	post(t, pds[0], "/pd/api/v1/config", map[string]any{"replica-schedule-limit": kept})

	lost := []string{pds[1].Region.Name, pds[2].Region.Name}
	pds[1].PowerOff()
	pds[2].PowerOff()
	w.Eventually(time.Minute, "the last one notices", func() error {
		if err := world.Healthy(pds[0]); err == nil {
			return fmt.Errorf("it says that it has a quorum")
		}
		return nil
	})
	restarts := pds[0].Restarts()
	probe := pds[0].Container("pd").LivenessProbe
	time.Sleep(time.Duration(probe.PeriodSeconds*(probe.FailureThreshold+1)) * time.Second)
	if pds[0].Restarts() != restarts || !pds[0].Ready() {
		t.Fatalf("the last Placement Driver did not outlive the loss of two:\n%s", w.Describe(pds[0]))
	}
	for i, region := range lost {
		pds[i+1] = w.Start(region, "pd")
	}
	quorum(w, pds...)
	for _, pd := range pds {
		if now := clusterID(t, pd); now != cluster {
			t.Errorf("the cluster of %s is %d, and was %d", pd.Region.Name, now, cluster)
		}
	}
	var config struct {
		Schedule struct {
			Limit int `json:"replica-schedule-limit"`
		} `json:"schedule"`
	}
	get(t, pds[1], "/pd/api/v1/config", &config)
	if config.Schedule.Limit != kept {
		t.Errorf("what was stored before the loss is %d, want %d", config.Schedule.Limit, kept)
	}
}

// startPDs starts the Placement Driver of every region, and waits until they are one cluster.
func startPDs(w *world.World) (pds []*kubelet.Pod) {
	for _, region := range w.Stack.Regions {
		pds = append(pds, w.Start(region.Name, "pd"))
	}
	quorum(w, pds...)
	return pds
}

// quorum waits until the pods are ready and have a quorum.
func quorum(w *world.World, pds ...*kubelet.Pod) {
	w.Ready(time.Minute, pds...)
	w.Eventually(2*time.Minute, "the Placement Drivers have a quorum", func() error {
		for _, pd := range pds {
			if err := world.Healthy(pd); err != nil {
				return fmt.Errorf("%w\n%s", err, w.Describe(pd))
			}
		}
		return nil
	})
}

// unharmed fails the test if a pod was restarted, by a probe or by the end of a process.
func unharmed(t *testing.T, w *world.World, pods ...*kubelet.Pod) {
	t.Helper()
	for _, p := range pods {
		if p.Restarts() > 0 || len(p.Events("Killing")) > 0 {
			t.Errorf("%s in %s was restarted:\n%s", p.FullName, p.Region.Name, w.Describe(p))
		}
	}
}

func without(pods []*kubelet.Pod, region string) (others []*kubelet.Pod) {
	for _, p := range pods {
		if p.Region.Name != region {
			others = append(others, p)
		}
	}
	return others
}

func pdURL(pd *kubelet.Pod, path string) string {
	return "https://" + pd.Network.Address.String() + ":2379" + path
}

func ask(pd *kubelet.Pod, path string, into any) error {
	response, err := world.Client(pd).Get(pdURL(pd, path))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s of %s: %s: %s", path, pd.Region.Name, response.Status, body)
	}
	return json.Unmarshal(body, into)
}

// get asks until there is an answer: a member that has just joined may not know the leader yet.
func get(t *testing.T, pd *kubelet.Pod, path string, into any) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Second) {
		err := ask(pd, path, into)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func post(t *testing.T, pd *kubelet.Pod, path string, value any) {
	t.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	response, err := world.Client(pd).Post(pdURL(pd, path), "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%s of %s: %s: %s", path, pd.Region.Name, response.Status, text)
	}
}

// askLeader returns the leader's region.
func askLeader(pd *kubelet.Pod) (string, error) {
	var leader struct{ Name string }
	err := ask(pd, "/pd/api/v1/leader", &leader)
	if len(leader.Name) > len("pd-") {
		return leader.Name[len("pd-"):], err
	}
	return "", err
}

func leaderOf(t *testing.T, pd *kubelet.Pod) string {
	t.Helper()
	leader, err := askLeader(pd)
	if err != nil {
		t.Fatal(err)
	}
	return leader
}

func clusterID(t *testing.T, pd *kubelet.Pod) uint64 {
	t.Helper()
	var cluster struct{ ID json.Number }
	get(t, pd, "/pd/api/v1/cluster", &cluster)
	id, err := strconv.ParseUint(cluster.ID.String(), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
