package shell_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// gateProcess is the program's gate, which queries the first Placement Driver.
func gateProcess(t *testing.T, stands string) software.Process {
	t.Helper()
	text := string(softwaretest.Declared(t, "tidb/files/call.sh")) + string(softwaretest.Declared(t, "tidb/files/gate.sh"))
	return script(t, text, "DATABASE_STANDS", stands, "PD", "https://pd0:2379")
}

// holds says whether a gate is still closed after a while.
func holds(w *softwaretest.World, gate *softwaretest.Host) bool {
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		w.Pass(100 * time.Millisecond)
	}
	return gate.Program.Exit() == nil
}

// The gate queries nothing before there is a database: in a first update nothing would answer.
func TestGateOpensBeforeThereIsADatabase(t *testing.T) {
	w := softwaretest.New(t)
	require.Equal(t, 0, w.WaitExit(w.Place("gate", gateProcess(t, ""))))
}

func TestGateOpensWhenTheDatabaseIsWell(t *testing.T) {
	w := softwaretest.New(t)
	w.Secure = true
	gate := w.Place("gate", gateProcess(t, "yes"))
	closed := holds(w, gate)
	require.True(t, closed, "no Placement Driver answers")
	for n := range 2 {
		w.Place(fmt.Sprintf("pd%d", n), softwaretest.PD(t, n, 3))
		w.Place(fmt.Sprintf("tikv%d", n), softwaretest.TiKV(t, n, 3))
	}
	w.Pass(time.Minute)
	closed = holds(w, gate)
	require.True(t, closed, "two of three Placement Drivers are a quorum, and not all")
	w.Place("pd2", softwaretest.PD(t, 2, 3))
	w.Place("tikv2", softwaretest.TiKV(t, 2, 3))
	w.Pass(time.Minute)
	require.Equal(t, 0, w.WaitExit(gate))

	w.Kill("tikv2")
	w.Pass(time.Minute)
	gate = w.Place("gate", gateProcess(t, "yes"))
	closed = holds(w, gate)
	require.True(t, closed, "one of three stores is disconnected")
	w.Place("tikv2", *w.Hosts["tikv2"].Process)
	w.Pass(time.Minute)
	require.Equal(t, 0, w.WaitExit(gate))
}

// After a renewal the gate waits until the region's Placement Driver shows the new certificate, which its kubelet writes later than
// the gate's own.
func TestGateWaitsForTheNewCertificate(t *testing.T) {
	w := softwaretest.New(t)
	w.Secure = true
	for n := range 3 {
		w.Place(fmt.Sprintf("pd%d", n), softwaretest.PD(t, n, 3))
		w.Place(fmt.Sprintf("tikv%d", n), softwaretest.TiKV(t, n, 3))
	}
	w.Pass(time.Minute)
	before, next := w.Certificate, softwaretest.Certified()
	w.Certificate = software.NewVolume(software.Config, next)
	gate := w.Place("gate", gateProcess(t, "yes"))
	closed := holds(w, gate)
	require.True(t, closed, "the Placement Driver has its old certificate")
	require.Contains(t, gate.Logs, "the region's Placement Driver does not have the new certificate yet: waiting")
	before.Replace(next)
	require.Equal(t, 0, w.WaitExit(gate))
}
