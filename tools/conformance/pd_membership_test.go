package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"geo-wordpress/config/configtest"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// members are the Placement Drivers of a world of five regions, of which the first three founded the cluster.
type members struct {
	*world.World
	t    *testing.T
	pods [5]*kubelet.Pod
}

// start starts a region's Placement Driver. Those that join later have no founders.
func (m *members) start(n int) {
	m.t.Helper()
	m.pods[n] = m.Start(m.Stack.Regions[n].Name, "pd", func(pod *declared.Pod) {
		start, founders := pod.Container("start"), ""
		for _, variable := range start.Env {
			if variable.Name == "MEMBERS" && n < 3 {
				founders = strings.Join(strings.Split(variable.Value, ",")[:3], ",")
			}
		}
		setEnv(start, "FOUNDERS", founders)
	})
}

// stop powers machines off; lose loses their disks too.
func (m *members) stop(all ...int) {
	for _, n := range all {
		m.pods[n].PowerOff()
		m.pods[n] = nil
	}
}

func (m *members) lose(n int) {
	m.t.Helper()
	m.stop(n)
	disk := m.Disk(m.Stack.Regions[n].Name, "pd-data")
	entries, err := os.ReadDir(disk)
	if err == nil && len(entries) == 0 {
		err = fmt.Errorf("the disk %s is empty already", disk)
	}
	for _, entry := range entries {
		if err == nil {
			err = os.RemoveAll(filepath.Join(disk, entry.Name()))
		}
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// are waits until the running members are a quorum, and all list exactly these members.
func (m *members) are(want ...int) {
	m.t.Helper()
	for _, n := range want {
		quorum(m.World, m.pods[n])
		m.Eventually(2*time.Minute, "the members are as they should be", func() error {
			list := m.listed(n)
			for _, other := range want {
				name := "pd-" + m.Stack.Regions[other].Name
				if entry, ok := list[m.peer(other)]; !ok || entry.Name != name || len(list) != len(want) {
					return fmt.Errorf("%s lists %v, want %v", m.Stack.Regions[n].Name, list, want)
				}
			}
			return nil
		})
	}
}

type listedMember struct {
	ID       json.Number
	Name     string
	PeerURLs []string
}

func (m *members) peer(n int) string {
	region := m.Stack.Regions[n]
	key, _ := region.Service("pd")
	return "https://pd." + key.Namespace + ".svc." + region.DNSDomain + ":2380"
}

// listed returns the members that one of them lists, by peer URL.
func (m *members) listed(n int) map[string]listedMember {
	m.t.Helper()
	// The clients' port: on its own, etcd admits a member only from an address that its certificate's names lead to.
	response, err := world.Client(m.pods[n]).Post(pdURL(m.pods[n], "/v3/cluster/member/list"), "application/json", bytes.NewBufferString("{}"))
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var list struct{ Members []listedMember }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		m.t.Fatal(err)
	}
	found := map[string]listedMember{}
	for _, each := range list.Members {
		found[each.PeerURLs[0]] = each
	}
	return found
}

// change changes the members, as the start script of another member does. They refuse it for the first seconds after one
// of them has come or gone.
func (m *members) change(n int, what, body string) {
	m.t.Helper()
	m.Eventually(2*time.Minute, "the members change", func() error {
		response, err := world.Client(m.pods[n]).Post(pdURL(m.pods[n], "/v3/cluster/member/"+what), "application/json", bytes.NewBufferString(body))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(response.Body)
			return fmt.Errorf("%s %s: %s: %s", what, body, response.Status, text)
		}
		return nil
	})
}

func (m *members) remove(n, by int) {
	m.t.Helper()
	m.change(by, "remove", `{"ID":"`+m.listed(by)[m.peer(n)].ID.String()+`"}`)
}

// undecided checks that a Placement Driver is not started after a while, and says why.
func (m *members) undecided(n int, why string) {
	m.t.Helper()
	m.Eventually(2*time.Minute, "the start script says why it waits", func() error {
		if log := m.pods[n].Log("start"); !strings.Contains(log, why) {
			return fmt.Errorf("it says %q, not %q", log, why)
		}
		return nil
	})
	time.Sleep(5 * time.Second)
	for _, e := range m.pods[n].Events("Started") {
		if e.Container == "pd" {
			m.t.Fatalf("it has started:\n%s", m.Describe(m.pods[n]))
		}
	}
}

// TestPDMembership takes one cluster of real Placement Drivers, with the declared start script, through losses of disks at
// every step of a start, the loss of its quorum, removals and growth. There is one cluster at the end, with its data.
func TestPDMembership(t *testing.T) {
	stack := committed(t, map[string]string{"geo-wordpress:regions": configtest.Sized(t, 5)["geo-wordpress:regions"]})
	m := &members{World: world.New(t, stack), t: t}
	for n := range 3 {
		m.start(n)
	}
	m.are(0, 1, 2)
	cluster := clusterID(t, m.pods[0])
	const kept = 17
	post(t, m.pods[0], "/pd/api/v1/config", map[string]any{"replica-schedule-limit": kept})
	m.Stands()

	// A lost disk, and a pod that is killed after each step of its replacement.
	first := m.listed(0)[m.peer(2)].ID
	for name, killed := range map[string]func(){
		"after the removal": func() { m.remove(2, 0) },
		"after the addition": func() {
			m.remove(2, 0)
			m.change(1, "add", `{"peerURLs":["`+m.peer(2)+`"]}`)
		},
		"when the Placement Driver starts": func() {
			m.start(2)
			m.Eventually(time.Minute, "the start script has decided", func() error {
				if len(m.pods[2].Events("Started")) < 2 {
					return fmt.Errorf("it has not: %s", m.Describe(m.pods[2]))
				}
				return nil
			})
			m.stop(2)
		},
		"when it has a log": func() {
			m.start(2)
			logs := filepath.Join(m.Disk(m.Stack.Regions[2].Name, "pd-data"), "member", "wal", "*.wal")
			for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
				if found, err := filepath.Glob(logs); err != nil || len(found) > 0 {
					break
				}
			}
			m.stop(2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m.lose(2)
			killed()
			m.start(2)
			m.are(0, 1, 2)
		})
	}
	if m.listed(0)[m.peer(2)].ID == first {
		t.Error("a member that lost its data came back under its ID")
	}

	// An empty disk while the others have no quorum: one of them, then none, then both again.
	m.lose(2)
	m.stop(1)
	m.start(2)
	m.undecided(2, "no other Placement Driver has a quorum")
	m.stop(0)
	time.Sleep(5 * time.Second)
	m.start(1)
	m.start(0)
	m.are(0, 1, 2)

	// A member that was removed while it lived.
	m.remove(1, 0)
	m.stop(1)
	m.are(0, 2)
	m.start(1)
	m.undecided(1, "The others have removed this Placement Driver")
	m.lose(1)
	m.start(1)
	m.are(0, 1, 2)

	m.start(3)
	m.are(0, 1, 2, 3)
	m.start(4)
	m.are(0, 1, 2, 3, 4)
	m.lose(0)
	m.start(0)
	m.are(0, 1, 2, 3, 4)

	for n, pd := range m.pods {
		if now := clusterID(t, pd); now != cluster {
			t.Errorf("member %d is of the cluster %d, not of %d", n, now, cluster)
		}
		var config struct {
			Schedule struct {
				Limit int `json:"replica-schedule-limit"`
			} `json:"schedule"`
		}
		get(t, pd, "/pd/api/v1/config", &config)
		if config.Schedule.Limit != kept {
			t.Errorf("member %d has the limit %d, want %d", n, config.Schedule.Limit, kept)
		}
	}
}
