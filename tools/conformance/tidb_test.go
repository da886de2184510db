package conformance_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"

	"github.com/go-sql-driver/mysql"
	corev1 "k8s.io/api/core/v1"
)

// Error codes that MySQL clients get.
const (
	accessDenied    = 1045
	databaseDenied  = 1044
	commandDenied   = 1142
	privilegeNeeded = 1227
	checkFailed     = 8121 // TiDB's own
)

// The init Job ends in the same state wherever it starts from: before TiDB runs, during its bootstrap, after it; from
// nothing, as when TiDB dies between its bootstrap and the init file; after any of its statements; five at once.
func TestTiDBInitJob(t *testing.T) {
	w := world.New(t, committed(t, nil))
	region := w.Stack.Regions[0]
	statements := initStatements(t, region)
	startPDs(w)
	w.StartStore()

	before := w.Start(region.Name, "database-init")
	w.Eventually(2*time.Minute, "the init Job waits for TiDB", func() error {
		if !running(before) || !strings.Contains(before.Log("database-init"), "waiting") {
			return errors.New(w.Describe(before))
		}
		return nil
	})
	tidb := w.Start(region.Name, "tidb", withoutInitFile)
	w.Eventually(time.Minute, "TiDB starts", func() error {
		if len(tidb.Events("Started")) < 2 { // its init container was the first
			return errors.New(w.Describe(tidb))
		}
		return nil
	})
	during := w.Start(region.Name, "database-init")
	w.Ready(3*time.Minute, tidb)
	w.Done(time.Minute, before)
	w.Done(time.Minute, during)
	made := stateOf(t, w, tidb)
	if want := "24h0m0s"; made.history != want {
		t.Errorf("TiDB keeps %s of history, want %s", made.history, want)
	}
	checkUser(t, w, tidb)
	checkTLS(t, w, tidb)

	for done := range len(statements) + 1 {
		t.Run(fmt.Sprintf("after %d of %d statements", done, len(statements)), func(t *testing.T) {
			clearDatabase(t, w, tidb)
			root := w.Database(tidb, "root", "")
			for _, statement := range statements[:done] {
				must(t, root, statement)
			}
			if _, err := w.Job(region.Name, "database-init"); err != nil {
				t.Fatal(err)
			}
			if again := stateOf(t, w, tidb); again != made {
				t.Errorf("the database is\n%+v\nwant\n%+v", again, made)
			}
		})
	}
	t.Run("over other passwords", func(t *testing.T) {
		must(t, w.Database(tidb, "root", w.Stack.Output("database", "rootPassword")), "ALTER USER 'wordpress'@'%' IDENTIFIED BY 'another'")
		if _, err := w.Job(region.Name, "database-init"); err != nil {
			t.Fatal(err)
		}
		if again := stateOf(t, w, tidb); again != made {
			t.Errorf("the database is\n%+v\nwant\n%+v", again, made)
		}
	})
	t.Run("over a TiDB that nobody has logged in to since it started", func(t *testing.T) {
		tidb.Stop()
		tidb = w.Start(region.Name, "tidb")
		w.Ready(3*time.Minute, tidb)
		w.Done(2*time.Minute, w.Start(region.Name, "database-init")) // after five minutes TiDB reads the users by itself
		if again := stateOf(t, w, tidb); again != made {
			t.Errorf("the database is\n%+v\nwant\n%+v", again, made)
		}
	})
	for name, prepare := range map[string]func(){
		"five at once from nothing": func() { clearDatabase(t, w, tidb) },
		"five at once afterwards":   func() {},
	} {
		t.Run(name, func(t *testing.T) {
			prepare()
			var jobs []*kubelet.Pod
			for range 5 {
				jobs = append(jobs, w.Start(region.Name, "database-init"))
			}
			for _, job := range jobs {
				w.Done(2*time.Minute, job)
			}
			if again := stateOf(t, w, tidb); again != made {
				t.Errorf("the database is\n%+v\nwant\n%+v", again, made)
			}
		})
	}
	t.Run("then somebody destroys everything", func(t *testing.T) { undoDatabase(t, w, tidb) })
}

// The server knows every key of the declared configuration files.
func TestConfigurationIsKnown(t *testing.T) {
	for app, strict := range map[string][]string{
		"pd":   {"--config-check"},
		"tidb": {"--config-check", "--config-strict"},
	} {
		t.Run(app, func(t *testing.T) {
			w := world.New(t, committed(t, nil))
			check := w.Start(w.Stack.Regions[0].Name, app, func(pod *declared.Pod) {
				if app == "tidb" {
					pod.Spec().InitContainers = nil // it waits for a store; PD's writes the configuration
				}
				pod.Spec().RestartPolicy = corev1.RestartPolicyNever
				c := pod.Container(app)
				c.Args = append(c.Args, strict...)
				c.StartupProbe, c.ReadinessProbe, c.LivenessProbe = nil, nil, nil
			})
			w.Done(time.Minute, check)
			if log := check.Log(app); !strings.Contains(log, "successful") || strings.Contains(log, "undefined") {
				t.Errorf("it says: %s", log)
			}
		})
	}
}

// databaseState is everything that the bootstrap must create.
type databaseState struct {
	collation, database, users, grants, noop, history string
}

// stateOf returns the database's state, as root sees it with its password.
func stateOf(t *testing.T, w *world.World, tidb *kubelet.Pod) databaseState {
	t.Helper()
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	return databaseState{
		collation: rows(t, db, "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = 'wordpress'"),
		database:  rows(t, db, "SHOW CREATE DATABASE wordpress"),
		users:     rows(t, db, "SELECT user, host, plugin, authentication_string FROM mysql.user ORDER BY user, host"),
		grants:    rows(t, db, "SHOW GRANTS FOR 'wordpress'@'%'"),
		noop:      rows(t, db, "SELECT @@global.tidb_enable_noop_functions"),
		history:   rows(t, db, "SELECT @@global.tidb_gc_life_time"),
	}
}

// rows returns the rows of an answer as text, a line each.
func rows(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	answer, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer answer.Close()
	columns, err := answer.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for answer.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := answer.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, v := range values {
			texts = append(texts, v.String)
		}
		lines = append(lines, strings.Join(texts, " "))
	}
	if err := answer.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// checkUser checks what WordPress's user may do, and what it may not.
func checkUser(t *testing.T, w *world.World, tidb *kubelet.Pod) {
	t.Helper()
	db := w.Database(tidb, w.Stack.Output("database", "user"), w.Stack.Output("database", "password"))
	for _, statement := range []string{
		"CREATE TABLE wordpress.probe (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(191))",
		"ALTER TABLE wordpress.probe ADD COLUMN more LONGTEXT",
		"CREATE INDEX probe_name ON wordpress.probe (name)",
		"INSERT INTO wordpress.probe (name, more) VALUES ('åäö', '你好 😀')",
		"UPDATE wordpress.probe SET more = 'x'",
		"SELECT * FROM wordpress.probe WHERE name = 'ÅÄÖ'",
		"DELETE FROM wordpress.probe",
		"DROP TABLE wordpress.probe",
	} {
		must(t, db, statement)
	}
	for statement, want := range map[string][]int{
		"SELECT * FROM mysql.user":                    {commandDenied},
		"CREATE TABLE mysql.probe (id INT)":           {commandDenied},
		"CREATE DATABASE another":                     {databaseDenied, commandDenied},
		"DROP DATABASE mysql":                         {databaseDenied, commandDenied},
		"CREATE USER 'another'@'%'":                   {privilegeNeeded},
		"ALTER USER 'root'@'%' IDENTIFIED BY ''":      {privilegeNeeded},
		"GRANT ALL ON *.* TO 'wordpress'@'%'":         {privilegeNeeded, accessDenied, checkFailed},
		"SET GLOBAL tidb_enable_noop_functions = OFF": {privilegeNeeded},
		"SHUTDOWN":                                  {privilegeNeeded, checkFailed},
		"SELECT 1 INTO OUTFILE '/tmp/probe'":        {privilegeNeeded},
		"CREATE VIEW wordpress.probe AS SELECT 1":   {commandDenied},
		"GRANT SELECT ON wordpress.* TO 'root'@'%'": {privilegeNeeded, accessDenied, checkFailed},
	} {
		if _, err := db.Exec(statement); !slices.Contains(want, refusal(err)) {
			t.Errorf("WordPress's user: %s: %v, want one of the errors %v", statement, err, want)
		}
	}
}

// refusal returns the number of the server's error, 0 for success and -1 for another kind of failure.
func refusal(err error) int {
	var answer *mysql.MySQLError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &answer):
		return int(answer.Number)
	}
	return -1
}

func must(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// withoutInitFile gives TiDB an init file that creates nothing, as if TiDB had died before it read the declared one.
func withoutInitFile(pod *declared.Pod) {
	empty := declared.Key{Namespace: pod.Namespace, Name: "empty"}
	pod.Region.Secrets[empty] = &corev1.Secret{Data: map[string][]byte{"init.sql": []byte("SELECT 1;\n")}}
	for i, v := range pod.Spec().Volumes {
		if v.Name == "init" {
			pod.Spec().Volumes[i].Secret.SecretName = empty.Name
		}
	}
}

// clearDatabase undoes everything that the bootstrap creates.
func clearDatabase(t *testing.T, w *world.World, tidb *kubelet.Pod) {
	t.Helper()
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	for _, statement := range []string{
		"DROP DATABASE IF EXISTS wordpress",
		"DROP USER IF EXISTS 'wordpress'@'%'",
		"SET GLOBAL tidb_enable_noop_functions = OFF",
		"SET GLOBAL tidb_gc_life_time = '10m'",
		"ALTER USER 'root'@'%' IDENTIFIED BY ''",
	} {
		must(t, db, statement)
	}
}

// initStatements returns the statements of the declared init file.
func initStatements(t *testing.T, region *declared.Region) (statements []string) {
	t.Helper()
	for _, secret := range region.Secrets {
		for _, line := range strings.Split(string(secret.Data["init.sql"]), "\n") {
			if line = strings.TrimSpace(line); line != "" {
				statements = append(statements, line)
			}
		}
	}
	if len(statements) < 5 {
		t.Fatalf("the declared init file has %d statements", len(statements))
	}
	return statements
}

func running(p *kubelet.Pod) bool {
	select {
	case <-p.Ended():
		return false
	default:
		return true
	}
}
