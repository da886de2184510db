package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/home"
)

// How long a daemon may take to stop, first after a request or SIGTERM, then after SIGKILL.
const (
	askedGrace  = 45 * time.Second
	killedGrace = 10 * time.Second
)

func stopCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "Stop the local cloud, and keep its state",
		Long:  "Stop the local cloud, and keep its state: `localcloud start` brings everything back as it was.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			h, err := o.find()
			if err != nil {
				return err
			}
			return stop(c.Context(), h, c.ErrOrStderr())
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
		fmt.Fprintf(progress, "The local cloud does not run on %s.\n", h)
		return nil
	}
	fmt.Fprintf(progress, "The local cloud (process %d) stops.\n", holder)
	record, err := daemon.Find(h)
	if err == nil {
		call, cancel := context.WithTimeout(ctx, 5*time.Second)
		err = record.Stop(call)
		cancel()
	}
	if err != nil {
		// The daemon is starting or hangs. The process holds the lock, so it must be the daemon.
		if err := syscall.Kill(holder, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop process %d: %w", holder, err)
		}
	}
	if err := waitUntilGone(ctx, h, holder, askedGrace); err == nil || ctx.Err() != nil {
		return err
	}
	fmt.Fprintf(progress, "It has not stopped in %s, and is killed.\n", askedGrace)
	if err := syscall.Kill(holder, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill process %d: %w", holder, err)
	}
	return waitUntilGone(ctx, h, holder, killedGrace)
}

func waitUntilGone(ctx context.Context, h home.Home, holder int, grace time.Duration) error {
	deadline := time.After(grace)
	for {
		if now, err := h.Holder(); err == nil && now != holder {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("process %d is still there", holder)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
