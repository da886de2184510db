package movein

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// bin is where `make conformance` builds the programs.
func bin(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("CONFORMANCE_BIN")
	if dir == "" {
		dir = "../../../.bin"
	}
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// startTiDB starts a TiDB with a store inside of it.
func startTiDB(t *testing.T) server {
	t.Helper()
	port := freePort(t)
	dir := t.TempDir()
	db := start(t, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}, "tcp", sprint("127.0.0.1:%d", port),
		bin(t, "tidb-server"), "-store", "unistore", "-path", "", "-host", "127.0.0.1", "-P", strconv.Itoa(port),
		"-status", strconv.Itoa(freePort(t)), "-socket", filepath.Join(dir, "s"), "-temp-dir", dir, "-L", "error")
	return server{DB: db, port: port}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// load executes a backup's files in the order in which Lightning does, with its sql_mode.
func (s server) load(t *testing.T, backup string) {
	t.Helper()
	ctx := context.Background()
	connection, err := s.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	do := func(statement string) {
		if _, err := connection.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%.300s: %v", statement, err)
		}
		// A warning is a value that TiDB changed.
		var level, code, message string
		if err := connection.QueryRowContext(ctx, "SHOW WARNINGS").Scan(&level, &code, &message); err == nil && code != "1681" { // int(11)
			t.Fatalf("%.300s: %s %s: %s", statement, level, code, message)
		}
	}
	do("SET SESSION sql_mode='ONLY_FULL_GROUP_BY,NO_AUTO_CREATE_USER'")
	names, err := filepath.Glob(filepath.Join(backup, "database", "wordpress*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	order := func(name string) int {
		return slices.IndexFunc([]string{"schema-create.sql", "-schema.sql", ".sql.gz"}, func(end string) bool { return strings.HasSuffix(name, end) })
	}
	slices.SortStableFunc(names, func(a, b string) int { return order(a) - order(b) })
	for i, name := range names {
		if i == 1 {
			do("USE wordpress")
		}
		for _, statement := range strings.Split(strings.TrimSpace(content(t, name)), ";\n") {
			if statement != "" {
				do(statement)
			}
		}
	}
	do("SET SESSION foreign_key_checks=1") // the connection is used again
}

// content returns a file's text.
func content(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(text)
}
