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

// options are the flags of all commands.
type options struct {
	home string
}

func (o *options) find() (home.Home, error) { return home.Find(o.home) }

// daemon returns the record of the daemon that runs on the home.
func (o *options) daemon() (daemon.Record, error) {
	h, err := o.find()
	if err != nil {
		return daemon.Record{}, err
	}
	return daemon.Find(h)
}

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
	command := &cobra.Command{
		Use:   "localcloud",
		Short: "Google Cloud on this machine, as far as geo-wordpress needs it",
		Long: `localcloud stands in for Google Cloud on this machine.

A daemon offers the Pulumi engine the providers gcp, kubernetes and random. A GKE cluster is a real Kubernetes control
plane (etcd, kube-apiserver, kube-controller-manager, kube-scheduler); its machines, and the software in its pods, are
simulated. Nothing of it leaves this machine: every server listens on 127.0.0.1 only.`,
		Example: `  localcloud start
  eval "$(localcloud env)"    # now pulumi and kubectl in this shell use the local cloud
  pulumi up
  localcloud status
  localcloud stop`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       daemon.Version(),
	}
	command.CompletionOptions.HiddenDefaultCmd = true
	command.PersistentFlags().StringVar(&o.home, "home", "",
		fmt.Sprintf("state directory (default $%s, or else %s here)", home.Env, home.Default))
	command.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return exitError{exitUsage, fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	})
	command.AddCommand(
		startCommand(o), stopCommand(o), statusCommand(o), envCommand(o), logsCommand(o), resetCommand(o),
		failCommand(o), partitionCommand(o), healCommand(o), faultsCommand(o), checksCommand(o), dashboardCommand(o))
	return command
}
