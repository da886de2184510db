package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"
	clientauthentication "k8s.io/client-go/pkg/apis/clientauthentication/v1"
	clientauthenticationv1beta1 "k8s.io/client-go/pkg/apis/clientauthentication/v1beta1"
	clientexec "k8s.io/client-go/tools/auth/exec"

	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/home"
)

// AuthPlugin is the program name of the stand-in for GKE's credential plugin.
const AuthPlugin = "gke-gcloud-auth-plugin"

// execInfoEnv is the variable in which a Kubernetes client passes its request for credentials.
const execInfoEnv = "KUBERNETES_EXEC_INFO"

// RunAuthPlugin prints the operator's token for the local cluster that a Kubernetes client is about to call, as
// gke-gcloud-auth-plugin prints a Google account's token. It returns the exit status.
func RunAuthPlugin(arguments []string) int {
	dropForeignFlags()
	command := &cobra.Command{
		Use:           AuthPlugin,
		Short:         "Print credentials for a cluster of the local cloud",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			h, err := homeOfProgram(os.Args[0])
			if err != nil {
				return err
			}
			return printCredential(c.OutOrStdout(), h)
		},
	}
	command.Flags().Bool("use_application_default_credentials", false, "accepted for compatibility; has no effect")
	command.SetArgs(arguments)
	command.SetOut(os.Stdout)
	if err := command.Execute(); err != nil {
		fmt.Fprintf(os.Stderr, "%s (of the local cloud): %v\n", AuthPlugin, err)
		return 1
	}
	return 0
}

// homeOfProgram returns the home whose bin directory holds the program, or else the home from the environment.
func homeOfProgram(program string) (home.Home, error) {
	if path, err := exec.LookPath(program); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			h, err := home.Find(filepath.Dir(filepath.Dir(path)))
			if err == nil && h.Bin() == filepath.Dir(path) {
				if exists, err := h.Exists(); err == nil && exists {
					return h, nil
				}
			}
		}
	}
	return home.Find("")
}

func printCredential(out io.Writer, h home.Home) error {
	if os.Getenv(execInfoEnv) == "" {
		return fmt.Errorf("%s is not set: Kubernetes clients start this program and set it", execInfoEnv)
	}
	credential, config, err := clientexec.LoadExecCredentialFromEnv()
	if err != nil {
		return fmt.Errorf("%w (does the kubeconfig's user have provideClusterInfo: true?)", err)
	}
	token, err := controlplane.Token(h.Clusters(), config.Host)
	if errors.Is(err, controlplane.ErrNoCluster) {
		return fmt.Errorf("%w in %s", err, h)
	}
	if err != nil {
		return err
	}
	// The answer has the version of the request.
	switch c := credential.(type) {
	case *clientauthentication.ExecCredential:
		c.Spec, c.Status = clientauthentication.ExecCredentialSpec{}, &clientauthentication.ExecCredentialStatus{Token: token}
	case *clientauthenticationv1beta1.ExecCredential:
		c.Spec, c.Status = clientauthenticationv1beta1.ExecCredentialSpec{}, &clientauthenticationv1beta1.ExecCredentialStatus{Token: token}
	}
	return json.NewEncoder(out).Encode(credential)
}
