package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/home"
)

var ports = map[string]int{"gcp": 1001, "random": 1003}

// evaluate evaluates shell code the given number of times in one shell and returns the resulting environment.
func evaluate(t *testing.T, text string, times int, environment ...string) map[string]string {
	t.Helper()
	shell := exec.Command("/bin/sh", "-euc", strings.Repeat(`eval "$1";`, times)+" /usr/bin/env -0", "sh", text)
	shell.Env = append([]string{"PATH=/usr/bin:/bin"}, environment...)
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s\n%s", text, out)
	found := map[string]string{}
	for variable := range strings.SplitSeq(string(out), "\x00") {
		name, value, _ := strings.Cut(variable, "=")
		found[name] = value
	}
	return found
}

// A path may hold anything but a NUL and, in PATH, a colon.
func TestEnvironmentSurvivesTheShell(t *testing.T) {
	for _, dir := range []string{
		"/srv/cloud", "/srv/my cloud", "/srv/it's", `/srv/"quoted"`, "/srv/$(touch /tmp/gotcha)`id`", "/srv/a*b?[c]", `/srv/back\slash`,
		"/srv/new\nline", "/srv/ünïcode", "/srv/-n", "/srv/!history", "/srv/#no;comment&", "/srv/''", "/srv/~",
	} {
		h, tools := home.Home(dir), dir+"/tools"
		got := evaluate(t, exports(h, tools, ports), 2)
		for name, want := range map[string]string{
			home.Env:                 dir,
			"PATH":                   tools + ":" + dir + "/bin:/usr/bin:/bin",
			"KUBECONFIG":             dir + "/kubeconfig",
			"LOCALCLOUD_AUTHORITY":   dir + "/google/authority.pem",
			"PULUMI_HOME":            dir + "/pulumi-home",
			"PULUMI_BACKEND_URL":     "file://" + dir + "/pulumi?metadata=skip",
			"PULUMI_DEBUG_PROVIDERS": "gcp:1001,random:1003",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
			"PULUMI_CONFIG_PASSPHRASE":                    "local cloud only, not a secret",
			"PULUMI_SKIP_UPDATE_CHECK":                    "true",
			"GOGC":                                        "400",
		} {
			assert.Equal(t, want, got[name], "%s for %q", name, dir)
		}
	}
	assert.NoFileExists(t, "/tmp/gotcha")
}

func TestOwnSettingsAreKept(t *testing.T) {
	text := exports("/srv/cloud", "/srv/tools", ports)
	assert.Equal(t, "50", evaluate(t, text, 1, "GOGC=50")["GOGC"])
}

// The engine finds the plugin that was built last, and no other version of it.
func TestPluginsAreLinked(t *testing.T) {
	h, tools := home.Home(filepath.Join(t.TempDir(), "home")), t.TempDir()
	require.ErrorContains(t, linkPlugins(h, tools), "make tools")
	for _, version := range []string{"v1.0.0", "v1.1.0"} {
		dir := filepath.Join(tools, "plugins", "resource-kubernetes-"+version)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pulumi-resource-kubernetes"), []byte(version), 0o700))
		require.NoError(t, linkPlugins(h, tools))
		require.NoError(t, linkPlugins(h, tools), "a second time")
		found, err := filepath.Glob(filepath.Join(h.PulumiHome(), "plugins", "*", "pulumi-resource-kubernetes"))
		require.NoError(t, err)
		require.Len(t, found, 1)
		content, err := os.ReadFile(found[0])
		require.NoError(t, err)
		assert.Equal(t, version, string(content))
		require.NoError(t, os.RemoveAll(dir))
	}
}

func TestEnvCommand(t *testing.T) {
	h := started(t)
	plugin := filepath.Join(filepath.Dir(executablePath()), "plugins", "resource-kubernetes-v1.0.0")
	require.NoError(t, os.MkdirAll(plugin, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(plugin, "pulumi-resource-kubernetes"), nil, 0o700))
	r := command(t, h, "", "env")
	require.Zero(t, r.status, r.progress)
	assert.Empty(t, r.progress)
	got := evaluate(t, r.out, 1)
	assert.Equal(t, h.Dir(), got[home.Env])
	first, _, _ := strings.Cut(got["PATH"], ":")
	assert.Equal(t, filepath.Dir(executablePath()), first)
	assert.Contains(t, got["PULUMI_DEBUG_PROVIDERS"], "gcp:")

	require.NoError(t, os.RemoveAll(plugin))
	r = command(t, h, "", "env")
	assert.Equal(t, 1, r.status)
	assert.Empty(t, r.out, "a shell must have nothing to evaluate")
}
