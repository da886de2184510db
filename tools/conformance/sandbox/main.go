package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The program starts itself again in two further roles, which this variable names.
const (
	roleVariable  = "CONFORMANCE_ROLE"
	roleMachine   = "machine"   // runs the tests, inside namespaces
	roleContainer = "container" // becomes a container's first process
)

const stateVariable = "CONFORMANCE_STATE"

// Main is for a package's TestMain, or a program's main: it runs the tests, or the program, in new namespaces, and
// exits with their exit code.
func Main(m interface{ Run() int }) {
	switch os.Getenv(roleVariable) {
	case roleContainer:
		becomeContainer()
	case roleMachine:
		if err := becomeMachine(); err != nil {
			fail(err)
		}
		os.Exit(m.Run())
	}
	code, err := runMachine()
	if err != nil {
		fail(err)
	}
	os.Exit(code)
}

// State is the directory for temporary files, which is removed at the end.
func State() string { return os.Getenv(stateVariable) }

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sandbox:", err)
	os.Exit(1)
}

// runMachine runs this program again as the first process of new namespaces, and waits for it.
func runMachine() (int, error) {
	if os.Geteuid() != 0 {
		return 0, errors.New("namespaces, networks and mounts are made, which needs root: run it as root")
	}
	state, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(state)
	if err := os.Chmod(state, 0o755); err != nil { // the containers' users go through it
		return 0, err
	}
	self := exec.Command("/proc/self/exe", os.Args[1:]...)
	self.Args[0] = os.Args[0]
	self.Stdin, self.Stdout, self.Stderr = os.Stdin, os.Stdout, os.Stderr
	self.Env = append(os.Environ(), roleVariable+"="+roleMachine, stateVariable+"="+state)
	self.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	if err := self.Start(); err != nil {
		return 0, fmt.Errorf("making namespaces: %w", err)
	}
	go func() {
		for s := range signals {
			_ = self.Process.Signal(s)
		}
	}()
	if err := self.Wait(); err != nil && self.ProcessState == nil {
		return 0, err
	}
	if code := self.ProcessState.ExitCode(); code >= 0 {
		return code, nil
	}
	return 0, fmt.Errorf("ended by %s", self.ProcessState)
}

// becomeMachine sets up the new namespaces.
func becomeMachine() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keeping mounts to the tests: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	// Children must not inherit this role.
	if err := os.Unsetenv(roleVariable); err != nil {
		return err
	}
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(loopback)
}
