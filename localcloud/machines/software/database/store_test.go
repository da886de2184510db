package database_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software/database"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// settled is a database of some regions, whose replicas are in place.
func settled(t *testing.T, n int) *softwaretest.World {
	w := softwaretest.New(t)
	for i := range n {
		w.Place(fmt.Sprintf("pd%d", i), softwaretest.PD(t, i, n))
		w.Place(fmt.Sprintf("tikv%d", i), softwaretest.TiKV(t, i, n))
	}
	w.Pass(time.Minute)
	return w
}

func removeStore(w *softwaretest.World, path string) int {
	return send(w, "pd0", http.MethodDelete, "/pd/api/v1/store/"+path, "").Status
}

// A TiKV whose disk is lost is another store, and PD refuses it while the lost one counts.
func TestAStoreThatLostItsDiskIsRefused(t *testing.T) {
	w := settled(t, 3)
	w.Kill("tikv1")
	s := w.Place("tikv1", softwaretest.TiKV(t, 1, 3))
	w.Pass(10 * time.Second)
	require.NotNil(t, s.Program.Exit())
	require.Contains(t, s.Program.Exit().Reason, "duplicated store address")

	var lost int
	for id := range 4 {
		if removeStore(w, fmt.Sprint(id)) == http.StatusBadRequest {
			lost++
		}
	}
	require.Equal(t, 3, lost, "no store can move its data away: three replicas need three stores")
	require.Equal(t, http.StatusNotFound, removeStore(w, "7?force=true"))
}

// A destroyed store's replicas stay listed until others replace them. Then it is a tombstone, which cannot come back.
func TestADestroyedStoreIsReplaced(t *testing.T) {
	w := settled(t, 3)
	kept := *w.Hosts["tikv2"].Process
	id := database.StoreID(w.Hosts["tikv2"].Program)
	w.Kill("tikv2")
	w.Pass(time.Minute)
	require.Equal(t, http.StatusOK, removeStore(w, fmt.Sprintf("%d?force=true", id)))
	require.Equal(t, http.StatusOK, removeStore(w, fmt.Sprintf("%d?force=true", id)), "again")
	w.Pass(time.Minute)
	require.Equal(t, http.StatusBadRequest, removeStore(w, fmt.Sprint(id)), "it has replicas that nothing replaces, and is no tombstone")

	s := w.Place("tikv2", softwaretest.TiKV(t, 2, 3))
	w.Pass(time.Minute)
	require.Nil(t, s.Program.Exit())
	require.NotEqual(t, id, database.StoreID(s.Program))
	require.Equal(t, http.StatusGone, removeStore(w, fmt.Sprint(id)))
	w.Kill("tikv0")
	w.Pass(database.LongestElection)
	require.NotEqual(t, "no majority", s.Program.State().Word, "the new store has a copy of everything")

	w.Kill("tikv2")
	s = w.Place("tikv2", kept)
	w.Pass(10 * time.Second)
	require.NotNil(t, s.Program.Exit(), "the old disk is back")
}

// PD's leader hands over without a pause.
func TestPDsLeaderResigns(t *testing.T) {
	w := settled(t, 3)
	before := database.LeaderOfPD(w.Hosts["pd1"].Program)
	require.Equal(t, http.StatusOK, send(w, "pd1", http.MethodPost, "/pd/api/v1/leader/resign", "").Status)
	w.Pass(time.Second)
	require.NotEqual(t, before, database.LeaderOfPD(w.Hosts["pd1"].Program))
	for i := range 3 {
		require.Equal(t, 200, w.Get(fmt.Sprintf("pd%d", i), 2379, "/health").Status)
	}
}
