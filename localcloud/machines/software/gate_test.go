package software

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gateProcess is the program's gate, which queries the first Placement Driver.
func gateProcess(t *testing.T, stands string) Process {
	t.Helper()
	script, err := os.ReadFile("../../../components/tidb/files/gate.sh")
	require.NoError(t, err)
	return shell(t, string(script), "DATABASE_STANDS", stands, "PD", "http://pd0:2379")
}

// holds says whether a gate is still closed after a while, and returns its log.
func (w *planet) holds(s *site) (closed bool, said string) {
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		w.pass(100 * time.Millisecond)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return s.program.Exit() == nil, strings.Join(s.logs, "\n")
}

// The gate queries nothing before there is a database: in a first update nothing would answer.
func TestGateOpensBeforeThereIsADatabase(t *testing.T) {
	w := newPlanet(t)
	require.Equal(t, 0, w.waitExit(w.place("gate", gateProcess(t, ""))))
}

func TestGateOpensWhenTheDatabaseIsWell(t *testing.T) {
	w := newPlanet(t)
	gate := w.place("gate", gateProcess(t, "yes"))
	closed, _ := w.holds(gate)
	require.True(t, closed, "no Placement Driver answers")
	for n := range 2 {
		w.place(fmt.Sprintf("pd%d", n), pdProcess(t, n, 3))
		w.place(fmt.Sprintf("tikv%d", n), tikvProcess(t, n, 3))
	}
	w.pass(time.Minute)
	closed, _ = w.holds(gate)
	require.True(t, closed, "two of three Placement Drivers are a quorum, and not all")
	w.place("pd2", pdProcess(t, 2, 3))
	store := w.place("tikv2", tikvProcess(t, 2, 3))
	w.pass(time.Minute)
	require.Equal(t, 0, w.waitExit(gate))

	w.mu.Lock()
	Kill(store.program)
	store.program = nil
	w.mu.Unlock()
	w.pass(time.Minute)
	gate = w.place("gate", gateProcess(t, "yes"))
	closed, _ = w.holds(gate)
	require.True(t, closed, "one of three stores is disconnected")
	w.place("tikv2", tikvProcess(t, 2, 3))
	w.pass(time.Minute)
	require.Equal(t, 0, w.waitExit(gate))
}
