package machines

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// containerLogs writes what the models of programs log, a file for each container.
type containerLogs struct {
	dir string
	mu  sync.Mutex
}

// logLimit is the size at which a log is started anew.
const logLimit = 1 << 20

// write adds a line. A log that cannot be written is lost: no container stops for it.
func (l *containerLogs) write(cluster, name, line string) {
	if l.dir == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	dir := filepath.Join(l.dir, strings.ReplaceAll(cluster, "/", "_"))
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
