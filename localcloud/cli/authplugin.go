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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		Short:         "Credentials for the clusters of the local cloud",
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
	// Every way of authenticating is the same here.
	command.Flags().Bool("use_application_default_credentials", false, "accepted, and of no consequence here")
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
		return fmt.Errorf("%s is not set: a Kubernetes client starts this program, not a person", execInfoEnv)
	}
	credential, config, err := clientexec.LoadExecCredentialFromEnv()
	if err != nil {
		return fmt.Errorf("%w (does the kubeconfig's user have provideClusterInfo: true?)", err)
	}
	token, err := controlplane.Token(h.Clusters(), config.Host)
	if errors.Is(err, controlplane.ErrNoCluster) {
		return fmt.Errorf("%w, of those in %s", err, h)
	}
	if err != nil {
		return err
	}
	switch credential.(type) {
	case *clientauthentication.ExecCredential:
		return json.NewEncoder(out).Encode(clientauthentication.ExecCredential{
			TypeMeta: metav1.TypeMeta{APIVersion: clientauthentication.SchemeGroupVersion.String(), Kind: "ExecCredential"},
			Status:   &clientauthentication.ExecCredentialStatus{Token: token},
		})
	default:
		return json.NewEncoder(out).Encode(clientauthenticationv1beta1.ExecCredential{
			TypeMeta: metav1.TypeMeta{
				APIVersion: clientauthenticationv1beta1.SchemeGroupVersion.String(), Kind: "ExecCredential"},
			Status: &clientauthenticationv1beta1.ExecCredentialStatus{Token: token},
		})
	}
}
