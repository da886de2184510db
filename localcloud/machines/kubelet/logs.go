package kubelet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Logs writes the log lines of the programs' models, one file per container:
// <cluster>/<namespace>_<pod>_<container>.log. It is safe for concurrent use.
type Logs struct {
	Dir string // empty to keep no logs
	mu  sync.Mutex
}

// logLimit is the size in bytes from which a log file is truncated.
const logLimit = 1 << 20

// write appends a line. Errors lose the line: no container stops because of its log.
func (l *Logs) write(cluster, name, line string) {
	if l.Dir == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	dir := filepath.Join(l.Dir, strings.ReplaceAll(cluster, "/", "_"))
	if os.MkdirAll(dir, 0o700) != nil {
		return
	}
	path := filepath.Join(dir, name+".log")
	flag := os.O_APPEND
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		flag = os.O_TRUNC
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|flag, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	fmt.Fprintf(file, "%s %s\n", time.Now().UTC().Format(time.RFC3339Nano), line)
}
