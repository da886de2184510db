package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/times"
)

// progressEnv is the variable with the file descriptor on which a daemon reports progress to the start command.
const progressEnv = "LOCALCLOUD_PROGRESS_FD"

func startCommand(o *options) *cobra.Command {
	var foreground bool
	var s startOptions
	command := &cobra.Command{
		Use:   "start",
		Short: "Start the local cloud and wait until it is ready",
		Long: `Start the local cloud and wait until it is ready. If it is running already, the command does nothing.

The daemon runs in the background and survives the terminal. It restores everything that existed when it last ran, even if
it was killed.

--times scales the durations of operations, machines and image pulls: 1 is as long as on Google Cloud (times/table.go), and
0, the default, as short as possible.

--faults injects faults into requests and operations. ` + faultsHelp + `

` + realWordPressHelp,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return exitError{exitUsage, err}
			}
			last, err := daemon.LastSettings(o.home)
			if err != nil {
				return err
			}
			if !c.Flags().Changed("real-wordpress") {
				s.realWordPress = last.RealWordPress
			}
			if foreground {
				return runDaemon(c.Context(), o.home, s, c.ErrOrStderr())
			}
			return start(c.Context(), o.home, s, last, c.ErrOrStderr())
		},
	}
	command.Flags().BoolVar(&foreground, "foreground", false, "run in the foreground until you press Ctrl-C")
	command.Flags().StringVar(&s.faults, "faults", "", "inject faults into requests and operations: SEED[:KIND=RATE,...]")
	command.Flags().Float64Var(&s.times, "times", 0, "durations as a share of those on Google Cloud, from 0 to 10")
	command.Flags().BoolVar(&s.realWordPress, "real-wordpress", false,
		"let the real WordPress answer, if this machine has its software (default: as at the last start)")
	return command
}

// startOptions are a daemon's start options.
type startOptions struct {
	faults string // a plan, or empty
	times  float64
	// realWordPress selects the real WordPress over the simulated pages.
	realWordPress bool
}

func (s startOptions) check() error {
	if s.faults != "" {
		if _, err := faults.Parse(s.faults); err != nil {
			return err
		}
	}
	if !(s.times >= 0 && s.times <= 10) {
		return fmt.Errorf("--times %v: choose from 0 (as short as possible) through 1 (as long as on Google Cloud) to 10", s.times)
	}
	return nil
}

// arguments returns the options as command-line arguments for a daemon.
func (s startOptions) arguments() []string {
	return []string{"--faults", s.faults, "--times", strconv.FormatFloat(s.times, 'g', -1, 64),
		"--real-wordpress=" + strconv.FormatBool(s.realWordPress)}
}

// start starts a daemon in the background and shows its progress until it is ready. last holds the settings of the
// daemon that runs, or last ran.
func start(ctx context.Context, h home.Home, s startOptions, last daemon.Settings, progress io.Writer) error {
	if holder, err := h.Holder(); err != nil {
		return err
	} else if holder != 0 {
		fmt.Fprintf(progress, "The local cloud is running already (process %d, state in %s).\n", holder, h)
		if s.faults != "" || s.times != 0 {
			return errors.New("--faults and --times take effect at a start: run `localcloud stop` first, or `localcloud faults`")
		}
		if last.RealWordPress != s.realWordPress {
			return errors.New("--real-wordpress takes effect at a start: run `localcloud stop` first")
		}
		if record, err := daemon.Find(h); err == nil && record.Build != daemon.Build() {
			fmt.Fprintln(progress, "It is another build than this program: to run this one, `localcloud stop`, then `localcloud start`.")
		}
		return nil
	}
	if _, err := s.program(ctx); err != nil {
		return err
	}
	if err := h.Make(); err != nil {
		return err
	}
	log, err := home.OpenLog(h.Log())
	if err != nil {
		return err
	}
	defer log.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(executable, append([]string{"--home", h.Dir(), "start", "--foreground"}, s.arguments()...)...)
	child.Dir = h.Dir()
	child.Env = append(os.Environ(), progressEnv+"=3")
	child.ExtraFiles = []*os.File{writer}
	child.Stdout, child.Stderr = log, log
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = child.Start()
	_ = writer.Close()
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "Starting the local cloud (process %d, log in %s).\n", child.Process.Pid, h.Log())
	// Interrupting this command also stops the daemon that it starts.
	defer context.AfterFunc(ctx, func() { _ = child.Process.Signal(syscall.SIGTERM) })()

	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == progressReady:
			fmt.Fprintln(progress, "The local cloud is ready.")
			return nil
		case strings.HasPrefix(line, progressProblem):
			return fmt.Errorf("the local cloud is running, but %s", strings.TrimPrefix(line, progressProblem))
		default:
			fmt.Fprintln(progress, " ", line)
		}
	}
	err = child.Wait()
	if ctx.Err() != nil {
		return errors.New("interrupted: the local cloud is stopping")
	}
	tail, _ := home.Tail(h.Log(), 15)
	return fmt.Errorf("the local cloud did not start: %w; the end of %s:\n%s", err, h.Log(), strings.TrimSpace(tail))
}

// runDaemon runs the daemon, in the background or in the foreground.
func runDaemon(ctx context.Context, h home.Home, s startOptions, stderr io.Writer) error {
	program, err := s.program(ctx)
	if err != nil {
		return err
	}
	syscall.Umask(0o077)
	if err := h.Make(); err != nil {
		return err
	}
	report := &progress{}
	var output io.Writer
	if fd, err := strconv.Atoi(os.Getenv(progressEnv)); err == nil {
		// In the background the standard error is the log.
		report.file = os.NewFile(uintptr(fd), "progress")
		syscall.CloseOnExec(fd)
		_ = os.Unsetenv(progressEnv)
		output = os.Stderr
	} else {
		log, err := home.OpenLog(h.Log())
		if err != nil {
			return err
		}
		defer log.Close()
		output = io.MultiWriter(stderr, log)
	}
	handler := slog.NewTextHandler(output, nil)
	klog.SetSlogLogger(slog.New(handler).With("source", "client-go")) // is no progress
	log := slog.New(&progressHandler{Handler: handler, progress: report})
	injector := &faults.Injector{}
	if s.faults != "" {
		plan, err := faults.Parse(s.faults)
		if err != nil {
			return err
		}
		injector.Follow(plan)
	}
	err = daemon.Run(ctx, daemon.Options{
		Home: h, Log: log, Ready: report.ready, Faults: injector, Times: times.Scale(s.times), RealWordPress: program,
	})
	if err != nil {
		log.Error("the local cloud failed", "error", err)
	}
	return err
}
