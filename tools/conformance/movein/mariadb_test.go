package movein

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// nobody runs MariaDB, which does not run as root.
const nobody = 65534

// server is a database server that ends with the test.
type server struct {
	*sql.DB
	socket string // MariaDB's
	port   int    // TiDB's
}

// startMariaDB starts an empty MariaDB that listens on a socket only.
func startMariaDB(t *testing.T) server {
	t.Helper()
	dir := t.TempDir()
	for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, data} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	as := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Pdeathsig: syscall.SIGKILL}
	install := exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
	install.SysProcAttr, install.Dir = as, dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", install, err, out)
	}
	s := server{socket: filepath.Join(dir, "mariadb.sock")}
	s.DB = start(t, as, "unix", s.socket,
		"mariadbd", "--no-defaults", "--datadir="+data, "--socket="+s.socket, "--pid-file="+filepath.Join(dir, "pid"),
		"--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--character-set-server=utf8mb4", "--log-bin-trust-function-creators=1")
	return s
}

// start starts a server and connects to it.
func start(t *testing.T, as *syscall.SysProcAttr, network, address, name string, arguments ...string) *sql.DB {
	t.Helper()
	var log bytes.Buffer
	command := exec.Command(name, arguments...)
	command.SysProcAttr, command.Stdout, command.Stderr, command.Dir = as, &log, &log, t.TempDir()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
	})
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.Params = "root", network, address, map[string]string{"charset": "utf8mb4"}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	_ = mysql.SetLogger(nowhere{})
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return db
		}
		select {
		case err := <-ended:
			t.Fatalf("%s ended: %v\n%.3000s", name, err, log.Bytes())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v\n%.3000s", name, err, log.Bytes())
		}
	}
}

type nowhere struct{}

func (nowhere) Print(...any) {}

// do executes statements.
func (s server) do(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := s.Exec(statement); err != nil {
			t.Fatalf("%.300s: %v", statement, err)
		}
	}
}

// rows returns a table's rows, in the order of its first column. Their texts are in UTF-8.
func (s server) rows(t *testing.T, query string) (names []string, all [][]string) {
	t.Helper()
	rows, err := s.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	if names, err = rows.Columns(); err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]sql.NullString, len(names))
		targets := make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(names))
		for i, v := range values {
			if row[i] = "=" + v.String; !v.Valid {
				row[i] = "NULL"
			}
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names, all
}

// dump writes a dump, as docs/moving-in.md tells.
func (s server) dump(t *testing.T, database, file string, flags ...string) {
	t.Helper()
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var problems bytes.Buffer
	command := exec.Command("mariadb-dump", append(append([]string{"--no-defaults", "--user=root", "--socket=" + s.socket,
		"--single-transaction", "--quick", "--no-tablespaces", "--hex-blob"}, flags...), database)...)
	command.Stdout, command.Stderr = out, &problems
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, problems.Bytes())
	}
}

func sprint(format string, args ...any) string { return fmt.Sprintf(format, args...) }
