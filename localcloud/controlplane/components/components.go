// Package components lets a program become any component of a Kubernetes control plane. Their flags, metrics and
// feature gates are global to a process, so each needs its own process: a program calls Run first thing in main, and
// package controlplane re-executes it as one of them. Tests do the same in TestMain.
package components

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the clients' metrics, as in the components' own mains
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"geo-wordpress/localcloud/controlplane"
)

// Run becomes the component that the arguments (without the program's name) name, and does not return. If they name
// none, it does nothing.
func Run(arguments []string) {
	if len(arguments) == 0 {
		return
	}
	var command *cobra.Command
	switch arguments[0] {
	case controlplane.Etcd:
		command = etcdCommand()
	case controlplane.APIServer:
		command = apiserver.NewAPIServerCommand()
	case controlplane.ControllerManager:
		command = controllermanager.NewControllerManagerCommand()
	case controlplane.Scheduler:
		command = scheduler.NewSchedulerCommand()
	default:
		return
	}
	syscall.Umask(0o077) // only the owner can read the files it writes
	if os.Getenv(controlplane.LifelineEnv) == "1" {
		go holdLifeline()
	}
	command.SetArgs(arguments[1:])
	os.Exit(cli.Run(command))
}

func holdLifeline() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	fmt.Fprintln(os.Stderr, "the local cloud's daemon has ended, so this component exits")
	os.Exit(1)
}
