package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"geo-wordpress/tools/conformance/images"
	"geo-wordpress/tools/conformance/sandbox"

	"golang.org/x/sys/unix"
)

func main() {
	unix.Umask(0o022) // whatever the caller's umask: the containers' users read what is made here
	if os.Getenv("CONFORMANCE_BIN") == "" {
		executable, err := os.Executable()
		if err == nil {
			err = os.Setenv("CONFORMANCE_BIN", filepath.Dir(executable))
		}
		if err != nil {
			fail(err)
		}
	}
	sandbox.Main(command{})
}

// command is the program, once it is in its own namespaces.
type command struct{}

func (command) Run() int {
	var o options
	check := flag.Bool("check", false, "only say what is missing")
	flag.StringVar(&o.sockets, "sockets", "", "`directory` for the sockets of the regions")
	flag.StringVar(&o.disks, "disks", "", "`directory` of the volumes, kept from one run to the next")
	flag.StringVar(&o.logs, "logs", "", "`directory` for the containers' logs, emptied first")
	flag.Parse()
	if missing := images.Missing(); len(missing) > 0 || *check {
		for _, program := range missing {
			fmt.Fprintln(os.Stderr, "missing:", program)
		}
		return min(len(missing), 1)
	}
	if o.sockets == "" || o.disks == "" || o.logs == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "--sockets, --disks and --logs are wanted, and nothing else")
		return 2
	}
	return o.run()
}

// ending says that the program is shutting down. Failures from then on are caused by the shutdown.
var ending atomic.Bool

// fail ends the program, and so everything that it runs: it is the first process of its PID namespace.
func fail(what any) {
	if ending.Load() {
		select {} // the shutdown ends the program
	}
	fmt.Fprintln(os.Stderr, what)
	os.Exit(1)
}

// told returns a channel that is closed when the program must end: on a signal, or when standard input ends, because
// the process that started the program is gone.
func told() <-chan struct{} {
	end := make(chan struct{})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		buffer := make([]byte, 512)
		for {
			if _, err := os.Stdin.Read(buffer); err != nil {
				return
			}
		}
	}()
	go func() {
		defer close(end)
		select {
		case <-signals:
		case <-gone:
		}
	}()
	return end
}
