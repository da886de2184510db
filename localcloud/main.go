// Localcloud stands in for Google Cloud on one machine. The same program is the command, its daemon, and each component
// of the daemon's control planes; called by their names, it is also kubectl and GKE's credential plugin.
package main

import (
	"os"
	"path/filepath"

	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"

	localcloud "geo-wordpress/localcloud/cli"
	"geo-wordpress/localcloud/controlplane/components"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case localcloud.AuthPlugin:
		os.Exit(localcloud.RunAuthPlugin(os.Args[1:]))
	case "kubectl":
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err) // prints it and exits as kubectl does
		}
		return
	}
	components.Run(os.Args[1:])
	os.Exit(localcloud.Main(os.Args[1:]))
}
