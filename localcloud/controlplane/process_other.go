//go:build unix && !linux

package controlplane

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

func program() (string, error) { return os.Executable() }

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true} // only the daemon handles Ctrl-C in its terminal
}

// startOf returns a process's start time from ps, in whole seconds, because there is no procfs.
func startOf(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", fs.ErrNotExist
	}
	return string(bytes.TrimSpace(out)), nil
}
