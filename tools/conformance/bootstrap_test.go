package conformance_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// The TiDBs of all regions wait for a store before they start, because without one they would exit. They start at once,
// and one of them creates the database, the user and root's password from the declared Secret. They share one database.
// They and the store end, and start again.
func TestTiDBBootstrap(t *testing.T) {
	w := world.New(t, committed(t, nil))
	startPDs(w)
	var tidbs []*kubelet.Pod
	for _, region := range w.Stack.Regions {
		tidbs = append(tidbs, w.Start(region.Name, "tidb"))
	}
	time.Sleep(20 * time.Second)
	for _, tidb := range tidbs {
		if tidb.Restarts() > 0 || len(tidb.Events("Started")) != 1 || tidb.Ready() {
			t.Fatalf("without a store, TiDB did not wait:\n%s", w.Describe(tidb))
		}
	}
	store := w.StartStore()
	w.Ready(3*time.Minute, append(slices.Clone(tidbs), store)...)
	unharmed(t, w, append(slices.Clone(tidbs), store)...)

	ran := 0
	for _, tidb := range tidbs {
		ran += strings.Count(tidb.Log("tidb"), "executing -initialize-sql-file")
	}
	if ran != 1 {
		t.Errorf("%d of %d TiDBs ran the init file, want one", ran, len(tidbs))
	}
	made := stateOf(t, w, tidbs[0])
	if want := "utf8mb4_general_ci"; made.collation != want {
		t.Errorf("the database's collation is %s, want %s", made.collation, want)
	}
	for _, tidb := range tidbs {
		if there := stateOf(t, w, tidb); there != made {
			t.Errorf("the TiDB in %s has\n%+v\nthe first one\n%+v", tidb.Region.Name, there, made)
		}
		if code := refusal(w.Database(tidb, "root", "").Ping()); code != accessDenied {
			t.Errorf("root without a password in %s: error %d, want %d", tidb.Region.Name, code, accessDenied)
		}
		for _, container := range []string{"tidb", "store-is-up"} {
			for _, password := range []string{"password", "rootPassword"} {
				if strings.Contains(tidb.Log(container), w.Stack.Output("database", password)) {
					t.Errorf("the log of %s in %s holds the %s", container, tidb.Region.Name, password)
				}
			}
		}
	}
	checkUser(t, w, tidbs[0])
	shareDatabase(t, w, tidbs)

	// What the init Job does in one region counts in all. It finds the state that the bootstrap made, and leaves it.
	must(t, w.Database(tidbs[2], "root", w.Stack.Output("database", "rootPassword")), "ALTER USER 'wordpress'@'%' IDENTIFIED BY 'another'")
	if _, err := w.Job(w.Stack.Regions[0].Name, "database-init"); err != nil {
		t.Fatal(err)
	}
	w.Eventually(2*time.Minute, "the user's password is the declared one in every region", func() error {
		for _, tidb := range tidbs {
			db := w.Database(tidb, w.Stack.Output("database", "user"), w.Stack.Output("database", "password"))
			if err := db.Ping(); err != nil {
				return fmt.Errorf("%s: %w", tidb.Region.Name, err)
			}
		}
		return nil
	})
	made.history = "24h0m0s" // the servers do not have it in their init file, or a change would restart them
	if again := stateOf(t, w, tidbs[1]); again != made {
		t.Errorf("the init Job makes of\n%+v\nthis\n%+v", made, again)
	}

	// All end, the store last. The next start finds everything, and changes nothing.
	var wait sync.WaitGroup
	for _, tidb := range tidbs[1:] {
		wait.Go(func() { tidb.Stop() })
	}
	endsGently(t, w, tidbs[0])
	wait.Wait()
	store.Stop()
	w.StartStore()
	tidb := w.Start(w.Stack.Regions[0].Name, "tidb")
	w.Ready(3*time.Minute, tidb)
	if again := stateOf(t, w, tidb); again != made {
		t.Errorf("after a restart the database is\n%+v\nand was\n%+v", again, made)
	}
}

// endsGently stops a TiDB. When told to end, TiDB reports this on its status port at once, answers queries while the
// Service drops it, finishes the running statements, and exits within its grace period.
func endsGently(t *testing.T, w *world.World, tidb *kubelet.Pod) {
	t.Helper()
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	key, _ := tidb.Region.Service("tidb")
	name := key.Name + "." + key.Namespace + ".svc." + tidb.Region.DNSDomain

	slow := make(chan error, 1)
	go func() {
		_, err := db.Exec("SELECT SLEEP(16)")
		slow <- err
	}()
	time.Sleep(time.Second)
	stopped := make(chan kubelet.Stopped, 1)
	go func() { stopped <- tidb.Stop() }()

	w.Eventually(2*time.Minute, "the status port says that TiDB ends", func() error {
		response, err := world.Client(tidb).Get("https://" + tidb.Network.Address.String() + ":10080/status")
		if err != nil {
			return fmt.Errorf("it does not answer any more: %w", err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return errors.New("it still says 200")
		}
		return nil
	})
	if slices.Contains(w.Names.Lookup(name), tidb.Network.Address) {
		t.Errorf("%s still leads to the TiDB that ends", name)
	}
	time.Sleep(5 * time.Second)
	connection, err := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword")).Conn(context.Background())
	if err != nil {
		t.Errorf("a new connection, 5 s after the end was asked for: %v", err)
	} else {
		connection.Close()
	}
	if err := <-slow; err != nil {
		t.Errorf("a statement that ran was cut off: %v", err)
	}
	end := <-stopped
	if len(end.Killed) > 0 || end.Codes["tidb"] != 0 {
		t.Errorf("TiDB ended with %+v\n%s", end, w.Describe(tidb))
	}
	t.Logf("TiDB ended in %.1f s of the %d s that it has", end.Took.Seconds(), *tidb.Spec().TerminationGracePeriodSeconds)
}

// shareDatabase checks that what one TiDB writes, all others read at once.
func shareDatabase(t *testing.T, w *world.World, tidbs []*kubelet.Pod) {
	t.Helper()
	var dbs []*sql.DB
	for _, tidb := range tidbs {
		dbs = append(dbs, w.Database(tidb, w.Stack.Output("database", "user"), w.Stack.Output("database", "password")))
	}
	must(t, dbs[0], "CREATE TABLE wordpress.shared (id BIGINT AUTO_INCREMENT PRIMARY KEY, region VARCHAR(191) UNIQUE)")
	for i, db := range dbs {
		region := tidbs[i].Region.Name
		must(t, db, "INSERT INTO wordpress.shared (region) VALUES ('"+region+"')")
		for j, other := range dbs {
			if got := rows(t, other, "SELECT region FROM wordpress.shared WHERE region = '"+region+"'"); got != region {
				t.Errorf("what was written in %s is %q in %s", region, got, tidbs[j].Region.Name)
			}
		}
	}
	if got := rows(t, dbs[1], "SELECT COUNT(DISTINCT id) FROM wordpress.shared"); got != fmt.Sprint(len(dbs)) {
		t.Errorf("the rows that %d TiDBs wrote have %s different IDs", len(dbs), got)
	}
	must(t, dbs[len(dbs)-1], "DROP TABLE wordpress.shared")
}
