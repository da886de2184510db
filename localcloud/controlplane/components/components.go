// Package components makes a program able to be each component of a Kubernetes control plane. Their flags, metrics and
// feature gates are global to a process, so each needs one of its own: a program calls Run first thing in main, and is
// then re-executed by package controlplane as any of them. Tests do the same in TestMain.
package components

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the clients' metrics, as the components' own mains have them
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"geo-wordpress/localcloud/controlplane"
)

// Run becomes the component that the arguments (without the program's name) ask for, and does not return; when they
// ask for none, it does nothing.
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
	syscall.Umask(0o077) // what it writes is for the owner's eyes only
	if os.Getenv(controlplane.LifelineEnv) == "1" {
		go holdLifeline()
	}
	command.SetArgs(arguments[1:])
	os.Exit(cli.Run(command))
}

func holdLifeline() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	fmt.Fprintln(os.Stderr, "the local cloud's daemon is gone, and this component with it")
	os.Exit(1)
}
