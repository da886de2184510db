// Movein converts a WordPress site's dump and files into a backup that this system restores. It reads and writes files only.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	failed = 1
	usage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	command := newCommand()
	err := command.ExecuteContext(ctx)
	var wrong usageError
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "%v\nmovein --help lists the flags\n", err)
		os.Exit(usage)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "movein: interrupted. Start it again with the same arguments: it keeps what is finished")
		os.Exit(failed)
	default:
		fmt.Fprintln(os.Stderr, "movein:", err)
		os.Exit(failed)
	}
}
