package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// start is the description that a container's first process receives.
type start struct {
	Container
	At string // an empty directory, for the root file system
}

// The file descriptors that the first process inherits, beside its output.
const (
	descriptionFile = 3
	failureFile     = 4
)

// becomeContainer sets up the container around this process, and executes its program. It does not return.
func becomeContainer() {
	// Credentials and capabilities belong to a thread, and the thread that executes the program passes its own on.
	runtime.LockOSThread()
	unix.CloseOnExec(descriptionFile)
	unix.CloseOnExec(failureFile)
	failures := os.NewFile(failureFile, "failures")
	var c start
	err := json.NewDecoder(os.NewFile(descriptionFile, "description")).Decode(&c)
	if err == nil {
		err = c.become()
	}
	fmt.Fprintln(failures, err)
	os.Exit(128)
}

func (c *start) become() error {
	if err := c.fileSystem(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(c.Hostname)); err != nil {
		return fmt.Errorf("naming the host: %w", err)
	}
	unix.Umask(0o022)
	if err := os.Chdir(c.dir()); err != nil {
		return err
	}
	program := c.Args[0]
	if !strings.Contains(program, "/") {
		found, err := lookPath(program, c.Env)
		if err != nil {
			return err
		}
		program = found
	}
	if err := c.confine(); err != nil {
		return err
	}
	return fmt.Errorf("executing %s: %w", program, syscall.Exec(program, c.Args, c.environment()))
}

// environment returns the declared variables, with the HOME that a runtime adds if there is none.
func (c *start) environment() []string {
	for _, variable := range c.Env {
		if strings.HasPrefix(variable, "HOME=") {
			return c.Env
		}
	}
	home := "/"
	users, _ := os.ReadFile("/etc/passwd")
	for _, line := range strings.Split(string(users), "\n") {
		if fields := strings.Split(line, ":"); len(fields) > 5 && fields[2] == fmt.Sprint(c.UID) {
			home = fields[5]
		}
	}
	return append(c.Env, "HOME="+home)
}

// capabilities holds the names by number, as in linux/capability.h.
var capabilities = []string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
	"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
	"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
	"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
	"CHECKPOINT_RESTORE",
}

// confine bounds root's rights to the given capabilities, and switches to the container's user.
func (c *start) confine() error {
	keep := map[string]bool{}
	for _, name := range c.Capabilities {
		keep[name] = true
	}
	for number, name := range capabilities {
		if keep[name] {
			delete(keep, name)
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(number), 0, 0, 0); err != nil && err != unix.EINVAL {
			return fmt.Errorf("dropping the capability %s: %w", name, err)
		}
	}
	for name := range keep {
		return fmt.Errorf("there is no capability %q", name)
	}
	if err := syscall.Setgroups(c.Groups); err != nil {
		return fmt.Errorf("setting groups: %w", err)
	}
	if err := syscall.Setresgid(c.GID, c.GID, c.GID); err != nil {
		return fmt.Errorf("becoming group %d: %w", c.GID, err)
	}
	if err := syscall.Setresuid(c.UID, c.UID, c.UID); err != nil {
		return fmt.Errorf("becoming user %d: %w", c.UID, err)
	}
	if c.NoNewPrivileges {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("giving up new privileges: %w", err)
		}
	}
	return nil
}
