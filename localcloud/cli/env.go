package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/home"
)

// passphrase encrypts the secrets in a stack of the local cloud. It guards nothing: the committed dev stack's salt
// belongs to it, so that the stack's file is the same on every machine.
const passphrase = "local cloud only, not a secret"

func envCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Print what makes pulumi and kubectl use the local cloud",
		Long: `Print what makes pulumi and kubectl in a shell use the local cloud, for the shell to evaluate:

  eval "$(localcloud env)"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			h, err := o.find()
			if err != nil {
				return err
			}
			record, err := daemon.Find(h)
			if err != nil {
				return err
			}
			tools := filepath.Dir(executablePath())
			if err := linkPlugins(h, tools); err != nil {
				return err
			}
			_, err = fmt.Fprint(c.OutOrStdout(), exports(h, tools, record.Providers))
			return err
		},
	}
}

// linkPlugins puts the provider plugins that were built beside this program where the engine looks for plugins.
func linkPlugins(h home.Home, tools string) error {
	built, err := filepath.Glob(filepath.Join(tools, "plugins", "resource-*", "pulumi-resource-*"))
	if err != nil {
		return err
	}
	if len(built) == 0 {
		return fmt.Errorf("no provider plugin in %s: run `make tools`, which builds the Kubernetes provider", filepath.Join(tools, "plugins"))
	}
	// Links to plugins of other versions would stay for good.
	if err := os.RemoveAll(h.Plugins()); err != nil {
		return err
	}
	for _, program := range built {
		// The engine looks for directories, and passes over a link to one.
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

// exports is a piece of POSIX shell that sets the environment. The engine attaches to the provider servers of the daemon, by
// their ports.
func exports(h home.Home, tools string, attachable map[string]int) string {
	text := new(strings.Builder)
	set := func(name, value string) { fmt.Fprintf(text, "export %s=%s\n", name, quote(value)) }

	set(home.Env, h.Dir())
	path := tools + string(os.PathListSeparator) + h.Bin()
	// The shell's own PATH follows, once: evaluating twice must not make it grow.
	fmt.Fprintf(text, "case \"$PATH\" in %s:*) ;; *) export PATH=%s:\"$PATH\" ;; esac\n", quote(path), quote(path))
	set("KUBECONFIG", h.Kubeconfig())

	var attached []string
	for _, name := range slices.Sorted(maps.Keys(attachable)) {
		attached = append(attached, fmt.Sprintf("%s:%d", name, attachable[name]))
	}
	set("PULUMI_DEBUG_PROVIDERS", strings.Join(attached, ","))
	// The only plugin is built already, so none is to be looked for on the Internet.
	set("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
	set("PULUMI_HOME", h.PulumiHome())
	// Without the files of metadata beside each state: they are not written in one piece, and a half-written one, left
	// by an update that was killed, makes the state unreadable ("failed to load checkpoint: EOF").
	set("PULUMI_BACKEND_URL", "file://"+h.Backend()+"?metadata=skip")
	set("PULUMI_CONFIG_PASSPHRASE", passphrase)
	set("PULUMI_SKIP_UPDATE_CHECK", "true")
	// The program is compiled on every run: fewer garbage collections make that faster.
	fmt.Fprintln(text, `export GOGC="${GOGC:-400}"`)
	return text.String()
}

// quote makes a word of any text for a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// executablePath is this program's file, or nothing when that cannot be told.
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
