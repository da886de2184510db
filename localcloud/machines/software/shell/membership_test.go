package shell_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// operation is one of the program's Jobs that change which regions are in the database. It talks to the first Placement
// Driver, and is about the region of number n.
func operation(t *testing.T, name string, n int, env ...string) software.Process {
	t.Helper()
	text := string(softwaretest.Declared(t, "tidb/files/call.sh")) + string(softwaretest.Declared(t, "tidb/files/pd-api.sh")) + "\n" + string(softwaretest.Declared(t, "tidb/files/"+name+".sh"))
	p := script(t, text, append([]string{
		"PD_HOST", "pd0", "PD_PORT", "2379", "REGION", fmt.Sprintf("region-%d", n), "MEMBER", fmt.Sprintf("m%d", n),
		"STORE", fmt.Sprintf("tikv%d:20160", n), "LEAVE_SECONDS", "60",
		"MEMBERS", "", "PRIMARY", "", "PRIMARY_MEMBER", "",
	}, env...)...)
	p.Command[1] = "-euc"
	p.Pace = 50
	return p
}

// regional is a database of some regions, settled.
func regional(t *testing.T, n int) *softwaretest.World {
	w := softwaretest.New(t)
	w.Secure = true
	for i := range n {
		w.Place(fmt.Sprintf("pd%d", i), softwaretest.PD(t, i, n))
		w.Place(fmt.Sprintf("tikv%d", i), softwaretest.TiKV(t, i, n))
	}
	w.Pass(time.Minute)
	return w
}

func (s states) of(address string) (all []string) {
	for _, each := range s.Stores {
		if each.Store.Address == address {
			all = append(all, each.Store.State)
		}
	}
	return all
}

type states struct {
	Stores []struct {
		Store struct {
			Address string
			State   string `json:"state_name"`
		}
	}
}

func TestPurge(t *testing.T) {
	w := regional(t, 3)
	require.Equal(t, 1, w.WaitExit(w.Place("purge", operation(t, "purge", 1))), "the region lives")
	require.Equal(t, []string{"Up"}, stores(t, w).of("tikv1:20160"))
	w.Kill("pd1")
	require.Equal(t, 1, w.WaitExit(w.Place("purge", operation(t, "purge", 1))), "its store lives")
	require.Contains(t, w.Get("pd0", 2379, "/pd/api/v1/members").Body, `"m1"`, "nothing was removed")

	w.Kill("tikv1")
	require.Equal(t, 0, w.WaitExit(w.Place("purge", operation(t, "purge", 1))))
	require.Equal(t, []string{"Offline"}, stores(t, w).of("tikv1:20160"))
	require.NotContains(t, w.Get("pd0", 2379, "/pd/api/v1/members").Body, `"m1"`)
	require.Equal(t, 0, w.WaitExit(w.Place("purge", operation(t, "purge", 1))), "again")

	// A new store registers at the address, and the old one goes when its replicas have been replaced.
	w.Place("tikv1", softwaretest.TiKV(t, 1, 3))
	w.Pass(5 * time.Second)
	require.Equal(t, []string{"Offline", "Up"}, stores(t, w).of("tikv1:20160"))
	list := "tikv0:20160 tikv1:20160 tikv2:20160"
	require.Equal(t, 0, w.WaitExit(w.Place("replication", operation(t, "replication", 0, "STORES", list, "REPLICAS", "3"))))
	require.Equal(t, []string{"Up"}, stores(t, w).of("tikv1:20160"))
}

// Without a majority PD does not answer.
func TestPurgeRefusesWithoutAQuorum(t *testing.T) {
	w := regional(t, 3)
	w.Kill("pd1", "tikv1", "pd2", "tikv2")
	require.Equal(t, 1, w.WaitExit(w.Place("purge", operation(t, "purge", 1))))
}

// From five regions to three, one after the other, while all live.
func TestDeparture(t *testing.T) {
	w := regional(t, 5)
	list := "tikv0:20160 tikv1:20160 tikv2:20160 tikv3:20160 tikv4:20160"
	require.Equal(t, 0, w.WaitExit(w.Place("replication", operation(t, "replication", 0, "STORES", list, "REPLICAS", "5"))))
	for _, n := range []int{0, 4} {
		process := operation(t, "departure", n, "REPLICAS", "3", "PD_HOST", "pd1")
		require.Equal(t, 0, w.WaitExit(w.Place("departure", process)))
		require.Empty(t, stores(t, w).of(fmt.Sprintf("tikv%d:20160", n)))
		require.NotContains(t, w.Get("pd1", 2379, "/pd/api/v1/members").Body, fmt.Sprintf(`"m%d"`, n))
	}
	w.Kill("pd0", "tikv0", "pd4", "tikv4")
	w.Pass(time.Second)
	require.Equal(t, 200, w.Get("pd1", 2379, "/pd/api/v1/stores").Status, "the others go on at once")
	list = "tikv1:20160 tikv2:20160 tikv3:20160"
	require.Equal(t, 0, w.WaitExit(w.Place("replication", operation(t, "replication", 0, "STORES", list, "REPLICAS", "3", "PD_HOST", "pd1"))))
}

// stores returns what a Placement Driver that runs says of the stores.
func stores(t *testing.T, w *softwaretest.World) (s states) {
	t.Helper()
	for _, host := range []string{"pd0", "pd1"} {
		if answer := w.Get(host, 2379, "/pd/api/v1/stores"); answer.Status == 200 {
			require.NoError(t, json.Unmarshal([]byte(answer.Body), &s))
			return s
		}
	}
	t.Fatal("no Placement Driver answers")
	return s
}
