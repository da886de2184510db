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
	"geo-wordpress/localcloud/times"
)

// progressEnv is the variable with the file descriptor on which a daemon reports progress to the start command.
const progressEnv = "LOCALCLOUD_PROGRESS_FD"

// The last line of a daemon's progress report: sayReady, or sayProblem followed by the problem.
const (
	sayReady   = "ready"
	sayProblem = "problem: "
)

// maxLog is the size, in bytes, above which the daemon's log is rotated at start.
const maxLog = 8 << 20

func startCommand(o *options) *cobra.Command {
	var foreground bool
	var conditions conditions
	command := &cobra.Command{
		Use:   "start",
		Short: "Start the local cloud, and wait until it is ready",
		Long: `Start the local cloud, and wait until it is ready.

It goes on in the background, whatever becomes of the terminal. What existed when it last ran, however that ended, exists
again. If it runs already, that is fine.

--times lets operations, machines and image pulls take a share of the time that they take on Google (times/table.go), 1
being as long; without it they take no longer than need be.

--faults makes requests and operations go wrong. ` + faultsHelp + `

` + realWordPressHelp,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			h, err := o.find()
			if err != nil {
				return err
			}
			if err := conditions.check(); err != nil {
				return exitError{exitUsage, err}
			}
			chosen := c.Flags().Changed("real-wordpress")
			if !chosen {
				last, err := daemon.LastChoices(h)
				if err != nil {
					return err
				}
				conditions.realWordPress = last.RealWordPress
			}
			if foreground {
				return runDaemon(c.Context(), h, conditions, c.ErrOrStderr())
			}
			return start(c.Context(), h, conditions, chosen, c.ErrOrStderr())
		},
	}
	command.Flags().BoolVar(&foreground, "foreground", false, "do not go to the background: run until interrupted")
	command.Flags().StringVar(&conditions.faults, "faults", "", "make requests and operations go wrong: SEED[:KIND=RATE,...]")
	command.Flags().Float64Var(&conditions.times, "times", 0, "let things take this share of the time that they take on Google")
	command.Flags().BoolVar(&conditions.realWordPress, "real-wordpress", false,
		"let the real WordPress answer, where the machine has its software (default: as the last time)")
	return command
}

// conditions are a daemon's start options.
type conditions struct {
	faults string // a plan, or empty
	times  float64
	// realWordPress selects the real WordPress over the simulated pages.
	realWordPress bool
}

func (c conditions) check() error {
	if c.faults != "" {
		if _, err := faults.Parse(c.faults); err != nil {
			return err
		}
	}
	if !(c.times >= 0 && c.times <= 10) {
		return fmt.Errorf("--times %v: from 0 (no longer than need be) over 1 (as long as on Google) to 10", c.times)
	}
	return nil
}

// arguments returns the conditions as command-line arguments for a daemon.
func (c conditions) arguments() []string {
	return []string{"--faults", c.faults, "--times", strconv.FormatFloat(c.times, 'g', -1, 64),
		"--real-wordpress=" + strconv.FormatBool(c.realWordPress)}
}

// start starts a daemon in the background and shows its progress until it is ready. chosen says whether the user gave
// --real-wordpress.
func start(ctx context.Context, h home.Home, conditions conditions, chosen bool, progress io.Writer) error {
	if holder, err := h.Holder(); err != nil {
		return err
	} else if holder != 0 {
		fmt.Fprintf(progress, "The local cloud runs already (process %d, state in %s).\n", holder, h)
		if conditions.faults != "" || conditions.times != 0 {
			return errors.New("--faults and --times are for one that starts: `localcloud stop` first (or `localcloud faults`)")
		}
		if last, err := daemon.LastChoices(h); err != nil {
			return err
		} else if chosen && last.RealWordPress != conditions.realWordPress {
			return errors.New("--real-wordpress is for one that starts: `localcloud stop` first")
		}
		if record, err := daemon.Find(h); err == nil && record.Build != daemon.Build() {
			fmt.Fprintln(progress, "It is another build than this one: `localcloud stop`, then `localcloud start`, runs this one.")
		}
		return nil
	}
	if _, err := conditions.program(ctx); err != nil {
		return err
	}
	if err := h.Make(); err != nil {
		return err
	}
	log, err := openLog(h)
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
	child := exec.Command(executable, append([]string{"--home", h.Dir(), "start", "--foreground"}, conditions.arguments()...)...)
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
	fmt.Fprintf(progress, "The local cloud starts (process %d, log in %s).\n", child.Process.Pid, h.Log())
	// Interrupting this command also stops the daemon that it starts.
	defer context.AfterFunc(ctx, func() { _ = child.Process.Signal(syscall.SIGTERM) })()

	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == sayReady:
			fmt.Fprintln(progress, "The local cloud is ready.")
			return nil
		case strings.HasPrefix(line, sayProblem):
			return fmt.Errorf("the local cloud runs, but %s", strings.TrimPrefix(line, sayProblem))
		default:
			fmt.Fprintln(progress, " ", line)
		}
	}
	err = child.Wait()
	if ctx.Err() != nil {
		return errors.New("interrupted: the local cloud was stopped")
	}
	return fmt.Errorf("the local cloud did not start: %w; the end of %s:\n%s", err, h.Log(), tailOf(h.Log(), 15))
}

func openLog(h home.Home) (*os.File, error) {
	if info, err := os.Stat(h.Log()); err == nil && info.Size() > maxLog {
		_ = os.Rename(h.Log(), h.Log()+".1")
	}
	return os.OpenFile(h.Log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// runDaemon runs the daemon, in the background or in the foreground.
func runDaemon(ctx context.Context, h home.Home, conditions conditions, stderr io.Writer) error {
	program, err := conditions.program(ctx)
	if err != nil {
		return err
	}
	syscall.Umask(0o077)
	if err := h.Make(); err != nil {
		return err
	}
	teller := &teller{}
	var output io.Writer
	if fd, err := strconv.Atoi(os.Getenv(progressEnv)); err == nil {
		// In the background the standard error is the log.
		teller.file = os.NewFile(uintptr(fd), "progress")
		syscall.CloseOnExec(fd)
		_ = os.Unsetenv(progressEnv)
		output = os.Stderr
	} else {
		log, err := openLog(h)
		if err != nil {
			return err
		}
		defer log.Close()
		output = io.MultiWriter(stderr, log)
	}
	log := slog.New(&tellingHandler{Handler: slog.NewTextHandler(output, nil), teller: teller})
	klog.SetSlogLogger(log.With("source", "client-go"))
	injector := &faults.Injector{}
	if conditions.faults != "" {
		plan, err := faults.Parse(conditions.faults)
		if err != nil {
			return err
		}
		injector.Follow(plan)
	}
	err = daemon.Run(ctx, daemon.Options{
		Home: h, Log: log, Ready: teller.ready, Faults: injector, Times: times.Scale(conditions.times), RealWordPress: program,
	})
	if err != nil {
		log.Error("the local cloud ends", "error", err)
	}
	return err
}

// tailOf returns the last lines of a file, or the error of reading it.
func tailOf(path string, lines int) string {
	text, err := lastLines(path, lines)
	if err != nil {
		return err.Error()
	}
	return strings.TrimRight(text, "\n")
}
