package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/loadbalancer"
)

// passphrase encrypts the secrets in a stack of the local cloud. It protects nothing: the salt in the committed dev
// stack's file belongs to it, so that the file is the same on every machine.
const passphrase = "local cloud only, not a secret"

func envCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Print the environment in which pulumi and kubectl use the local cloud",
		Long: `Print the environment in which pulumi and kubectl use the local cloud, as shell code to evaluate:

  eval "$(localcloud env)"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			record, err := o.daemon()
			if err != nil {
				return err
			}
			tools := filepath.Dir(executablePath())
			if err := linkPlugins(o.home, tools); err != nil {
				return err
			}
			_, err = fmt.Fprint(c.OutOrStdout(), exports(o.home, tools, record.Providers))
			return err
		},
	}
}

// linkPlugins links the provider plugins built beside this program into the engine's plugin directory.
func linkPlugins(h home.Home, tools string) error {
	built, err := filepath.Glob(filepath.Join(tools, "plugins", "resource-*", "pulumi-resource-*"))
	if err != nil {
		return err
	}
	if len(built) == 0 {
		return fmt.Errorf("there is no provider plugin in %s: run `make tools`, which builds the Kubernetes provider",
			filepath.Join(tools, "plugins"))
	}
	// Old links would keep plugins of other versions in use.
	if err := os.RemoveAll(h.Plugins()); err != nil {
		return err
	}
	for _, program := range built {
		// The engine skips a symlink to a directory, so each link sits in a real directory.
		dir := filepath.Join(h.Plugins(), filepath.Base(filepath.Dir(program)))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		if err := os.Symlink(program, filepath.Join(dir, filepath.Base(program))); err != nil {
			return err
		}
	}
	return nil
}

// exports returns POSIX shell code that sets the environment. The engine attaches to the daemon's provider servers by
// port.
func exports(h home.Home, tools string, attachable map[string]int) string {
	text := new(strings.Builder)
	set := func(name, value string) { fmt.Fprintf(text, "export %s=%s\n", name, quote(value)) }

	set(home.Env, h.Dir())
	path := tools + string(os.PathListSeparator) + h.Bin()
	// Prepend to the shell's PATH only once: a second evaluation must not make it longer.
	fmt.Fprintf(text, "case \"$PATH\" in %s:*) ;; *) export PATH=%s:\"$PATH\" ;; esac\n", quote(path), quote(path))
	set("KUBECONFIG", h.Kubeconfig())
	// The certificate of the authority that signs the site's: curl --cacert "$LOCALCLOUD_AUTHORITY".
	set("LOCALCLOUD_AUTHORITY", loadbalancer.AuthorityFile(h.Google()))

	var attached []string
	for _, name := range slices.Sorted(maps.Keys(attachable)) {
		attached = append(attached, fmt.Sprintf("%s:%d", name, attachable[name]))
	}
	set("PULUMI_DEBUG_PROVIDERS", strings.Join(attached, ","))
	// The only plugin is already built, so the engine must not download any.
	set("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
	set("PULUMI_HOME", h.PulumiHome())
	// metadata=skip turns off the metadata file beside each state. It is not written atomically: an update killed
	// during the write leaves half a file, which makes the state unreadable ("failed to load checkpoint: EOF").
	set("PULUMI_BACKEND_URL", "file://"+h.Backend()+"?metadata=skip")
	set("PULUMI_CONFIG_PASSPHRASE", passphrase)
	set("PULUMI_SKIP_UPDATE_CHECK", "true")
	// The program is compiled on every run: fewer garbage collections make that faster.
	fmt.Fprintln(text, `export GOGC="${GOGC:-400}"`)
	return text.String()
}

// quote turns any text into one word for a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// executablePath returns the path of this program's file, with symlinks resolved if possible, or "" if it is unknown.
func executablePath() string {
	executable, err := os.Executable()
	if err != nil {
		return ""
	}
	resolved, err := filepath.EvalSymlinks(executable)
	if err != nil {
		return executable
	}
	return resolved
}
