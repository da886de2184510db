package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/home"
)

// The exit statuses other than 0 and 1.
const (
	exitUsage      = 2
	exitNotRunning = 3 // as in the Linux Standard Base, for the "status" action of a service
)

// exitError ends the program with a status. Its error, if any, is printed.
type exitError struct {
	status int
	err    error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// options are the options of all commands.
type options struct {
	home home.Home // set before a command runs
}

// daemon returns the record of the daemon that runs on the home.
func (o *options) daemon() (daemon.Record, error) { return daemon.Find(o.home) }

// Main runs the command with the arguments, without the program's name, and returns its exit status.
func Main(arguments []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	dropForeignFlags()
	return run(ctx, arguments, os.Stdin, os.Stdout, os.Stderr)
}

func run(ctx context.Context, arguments []string, in io.Reader, out, progress io.Writer) int {
	command := root()
	command.SetArgs(arguments)
	command.SetIn(in)
	command.SetOut(out)
	command.SetErr(progress)
	err := command.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	exit := exitError{status: 1, err: err}
	errors.As(err, &exit)
	if strings.HasPrefix(err.Error(), "unknown command") {
		exit.status = exitUsage
	}
	if exit.err != nil {
		fmt.Fprintln(progress, "localcloud:", exit.err)
	}
	return exit.status
}

// dropForeignFlags drops the flags that Kubernetes packages register for every program; cobra would show them.
func dropForeignFlags() { pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ContinueOnError) }

func root() *cobra.Command {
	o := &options{}
	var path string
	command := &cobra.Command{
		Use:   "localcloud",
		Short: "Run the part of Google Cloud that geo-wordpress needs on this machine",
		Long: `localcloud replaces Google Cloud on this machine.

A daemon serves the providers gcp and random to the Pulumi engine. Each GKE cluster is a real Kubernetes control plane
(etcd, kube-apiserver, kube-controller-manager, kube-scheduler). Machines, and the software in their pods, are simulated.
No data leaves this machine: every server listens on the loopback interface only.`,
		Example: `  localcloud start
  eval "$(localcloud env)"    # now pulumi and kubectl in this shell use the local cloud
  pulumi up
  localcloud status
  localcloud stop`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       daemon.Version(),
		PersistentPreRunE: func(*cobra.Command, []string) (err error) {
			o.home, err = home.Find(path)
			return err
		},
	}
	command.CompletionOptions.HiddenDefaultCmd = true
	command.PersistentFlags().StringVar(&path, "home", "",
		fmt.Sprintf("state directory (default $%s; if that is unset, %s in the current directory)", home.Env, home.Default))
	command.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return exitError{exitUsage, fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	})
	command.AddCommand(
		startCommand(o), stopCommand(o), statusCommand(o), envCommand(o), logsCommand(o), resetCommand(o),
		failCommand(o), partitionCommand(o), healCommand(o), faultsCommand(o), checksCommand(o), dashboardCommand(o), objectsCommand(o), dnsCommand(o))
	return command
}
