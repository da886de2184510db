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
	return &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C in the daemon's terminal is the daemon's to handle
}

// startOf returns the start time of a process as ps reports it, in whole seconds: what there is without procfs.
func startOf(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", fs.ErrNotExist
	}
	return string(bytes.TrimSpace(out)), nil
}
