package controlplane

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// program returns the path of the running executable, valid even after a newer build replaced the file.
func program() (string, error) { return "/proc/self/exe", nil }

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Setpgid:   true, // only the daemon handles Ctrl-C in its terminal
		Pdeathsig: syscall.SIGKILL,
	}
}

// startOf returns a process's start time in clock ticks since boot (proc_pid_stat(5), field 22), and the boot ID.
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
