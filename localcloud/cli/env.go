package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/home"
)

// providersEnv names the providers that the engine is to attach to, out of the daemon's; without it, to all of them.
const providersEnv = "LOCALCLOUD_PROVIDERS"

// passphrase encrypts the secrets in a stack of the local cloud. It guards nothing: the committed dev stack's salt
// belongs to it, so that the stack's file is the same on every machine.
const passphrase = "local cloud only, not a secret"

func envCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Print what makes pulumi and kubectl use the local cloud",
		Long: fmt.Sprintf(`Print what makes pulumi and kubectl in a shell use the local cloud, for the shell to evaluate:

  eval "$(localcloud env)"

%s names the providers to attach (a list such as gcp,random); the engine takes the published
plugins for the others. Without it, all are attached.`, providersEnv),
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
			providers, err := chooseProviders(record.Providers, os.Getenv(providersEnv))
			if err != nil {
				return err
			}
			lines := exports(h, filepath.Dir(executablePath()), record.Providers, providers)
			_, err = fmt.Fprint(c.OutOrStdout(), lines)
			return err
		},
	}
}

// chooseProviders returns those that a list names, or all when there is no list.
func chooseProviders(running map[string]int, list string) ([]string, error) {
	var all, chosen []string
	for name := range running {
		all = append(all, name)
	}
	slices.Sort(all)
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" || slices.Contains(chosen, name) {
			continue
		}
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("%s=%q: the local cloud has no provider %q; it has %s",
				providersEnv, list, name, strings.Join(all, ", "))
		}
		chosen = append(chosen, name)
	}
	if len(chosen) == 0 {
		return all, nil
	}
	return chosen, nil
}

// exports is a piece of POSIX shell that sets the environment.
func exports(h home.Home, tools string, running map[string]int, providers []string) string {
	text := new(strings.Builder)
	set := func(name, value string) { fmt.Fprintf(text, "export %s=%s\n", name, quote(value)) }

	set(home.Env, h.Dir())
	path := tools + string(os.PathListSeparator) + h.Bin()
	// The shell's own PATH follows, once: evaluating twice must not make it grow.
	fmt.Fprintf(text, "case \"$PATH\" in %s:*) ;; *) export PATH=%s:\"$PATH\" ;; esac\n", quote(path), quote(path))
	set("KUBECONFIG", h.Kubeconfig())

	var attached []string
	for _, name := range providers {
		attached = append(attached, fmt.Sprintf("%s:%d", name, running[name]))
	}
	set("PULUMI_DEBUG_PROVIDERS", strings.Join(attached, ","))
	if len(providers) == len(running) {
		// No plugin is wanted, so none is to be looked for on the Internet.
		set("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
	} else {
		fmt.Fprintln(text, "unset PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION")
	}
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
