package controlplane

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// program is this program itself, even after its file was replaced by a newer build.
func program() (string, error) { return "/proc/self/exe", nil }

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Setpgid:   true, // a Ctrl-C in the daemon's terminal is the daemon's to handle
		Pdeathsig: syscall.SIGKILL,
	}
}

// startOf returns a process's start in clock ticks since boot (proc_pid_stat(5), field 22), with the boot's identity.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The second field is the program's name in parentheses, and may hold anything; the third is the state.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 || fields[0][0] == 'Z' {
		return "", fs.ErrNotExist
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s@%s", fields[19], bytes.TrimSpace(boot)), nil
}
