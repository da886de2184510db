package makespan

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// atRest samples a process tree this many times, at this interval.
const (
	looks    = 6
	interval = 8 * time.Millisecond
)

// atRest reports whether all threads of a process and its descendants sleep, and do not wait for a disk, each time it
// looks. It needs Linux's /proc.
func atRest(pid int) bool {
	for range looks {
		if !resting(pid) {
			return false
		}
		time.Sleep(interval)
	}
	return true
}

func resting(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	for _, task := range tasks {
		stat, err := os.ReadFile(filepath.Join(task, "stat"))
		if err != nil {
			continue // The thread has ended.
		}
		// The state follows the name, which is in parentheses and may hold any character.
		if i := bytes.LastIndexByte(stat, ')'); i < 0 || i+2 >= len(stat) || stat[i+2] == 'R' || stat[i+2] == 'D' {
			return false
		}
		children, _ := os.ReadFile(filepath.Join(task, "children"))
		for _, child := range strings.Fields(string(children)) {
			var n int
			if _, err := fmt.Sscan(child, &n); err == nil && !resting(n) {
				return false
			}
		}
	}
	return true
}
