package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/wait"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/home"
)

// How long a daemon may take to stop, first after a request or SIGTERM, then after SIGKILL.
const (
	stopTimeout = 45 * time.Second
	killTimeout = 10 * time.Second
)

func stopCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "Stop the local cloud and keep its state",
		Long:  "Stop the local cloud and keep its state: `localcloud start` restores everything.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return stop(c.Context(), o.home, c.ErrOrStderr())
		},
	}
}

// stop stops the daemon on a home, if one runs, and waits until it is gone. A daemon that does not stop is killed.
func stop(ctx context.Context, h home.Home, progress io.Writer) error {
	holder, err := h.Holder()
	if err != nil {
		return err
	}
	if holder == 0 {
		fmt.Fprintf(progress, "No local cloud is running on %s.\n", h)
		return nil
	}
	fmt.Fprintf(progress, "Stopping the local cloud (process %d).\n", holder)
	record, err := daemon.Find(h)
	if err == nil {
		call, cancel := context.WithTimeout(ctx, 5*time.Second)
		err = record.Stop(call)
		cancel()
	}
	if err != nil {
		// The daemon is starting or hangs. The process holds the lock, so it must be the daemon.
		if err := signalProcess(holder, syscall.SIGTERM); err != nil {
			return err
		}
	}
	if err := waitUntilGone(ctx, h, holder, stopTimeout); err == nil || ctx.Err() != nil {
		return err
	}
	fmt.Fprintf(progress, "Process %d has not stopped within %s: killing it.\n", holder, stopTimeout)
	if err := signalProcess(holder, syscall.SIGKILL); err != nil {
		return err
	}
	return waitUntilGone(ctx, h, holder, killTimeout)
}

func signalProcess(pid int, signal syscall.Signal) error {
	if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	return nil
}

func waitUntilGone(ctx context.Context, h home.Home, holder int, timeout time.Duration) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, timeout, true, func(context.Context) (bool, error) {
		now, err := h.Holder()
		return err == nil && now != holder, nil
	})
	if err != nil {
		return fmt.Errorf("process %d is still running: %w", holder, err)
	}
	return nil
}
