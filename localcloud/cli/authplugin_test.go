package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/home"
)

// withCluster makes a home with the files of two clusters, laid out like a control plane's directory.
func withCluster(t *testing.T) home.Home {
	t.Helper()
	h := newHome(t)
	require.NoError(t, h.Make())
	for name, file := range map[string]struct{ settings, token string }{
		"p_l_one": {`{"cluster":{"id":"projects/p/locations/l/clusters/one"},"port":20001,"serverPort":20011}`, "token-one"},
		"p_l_two": {`{"cluster":{"id":"projects/p/locations/l/clusters/two"},"port":20002,"serverPort":20012}`, "token-two"},
	} {
		dir := filepath.Join(h.Clusters(), name)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "config"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cluster.json"), []byte(file.settings), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "tokens.csv"),
			[]byte(file.token+",user,user,system:masters\n"), 0o600))
	}
	return h
}

func execInfo(version, server string) string {
	cluster := ""
	if server != "" {
		cluster = `"cluster":{"server":"` + server + `"},`
	}
	return `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/` + version + `","spec":{` + cluster + `"interactive":false}}`
}

func TestAuthPluginGivesTheClustersOwnToken(t *testing.T) {
	h := withCluster(t)
	for server, token := range map[string]string{"https://127.0.0.1:20001": "token-one", "https://127.0.0.1:20002": "token-two"} {
		for _, version := range []string{"v1beta1", "v1"} {
			t.Setenv(execInfoEnv, execInfo(version, server))
			var out bytes.Buffer
			require.NoError(t, printCredential(&out, h))
			var credential struct {
				APIVersion, Kind string
				Status           struct{ Token string }
			}
			require.NoError(t, json.Unmarshal(out.Bytes(), &credential))
			assert.Equal(t, "client.authentication.k8s.io/"+version, credential.APIVersion)
			assert.Equal(t, "ExecCredential", credential.Kind)
			assert.Equal(t, token, credential.Status.Token)
		}
	}
}

func TestAuthPluginGivesNothingToOthers(t *testing.T) {
	h := withCluster(t)
	for name, c := range map[string]struct{ info, reason string }{
		"not a client":     {"", execInfoEnv},
		"no cluster info":  {execInfo("v1beta1", ""), "provideClusterInfo"},
		"another server":   {execInfo("v1beta1", "https://34.1.2.3"), "34.1.2.3"},
		"another port":     {execInfo("v1beta1", "https://127.0.0.1:20003"), "20003"},
		"a prefix":         {execInfo("v1beta1", "https://127.0.0.1:2000"), "2000"},
		"without TLS":      {execInfo("v1beta1", "http://127.0.0.1:20001"), "http://"},
		"not JSON":         {"hello", ""},
		"older API":        {execInfo("v1alpha1", "https://127.0.0.1:20001"), ""},
		"a host like ours": {execInfo("v1beta1", "https://127.0.0.1:20001.example.org"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(execInfoEnv, c.info)
			var out bytes.Buffer
			err := printCredential(&out, h)
			require.Error(t, err)
			assert.ErrorContains(t, err, c.reason)
			assert.Empty(t, out.String())
			assert.NotContains(t, err.Error(), "token-")
		})
	}
}

func TestAuthPluginFindsItsHome(t *testing.T) {
	h, other := withCluster(t), withCluster(t)
	program := filepath.Join(h.Bin(), AuthPlugin)
	require.NoError(t, os.WriteFile(program, nil, 0o700))

	t.Setenv(home.Env, other.Dir())
	found, err := homeOfProgram(program)
	require.NoError(t, err)
	assert.Equal(t, h, found, "where the program is says more than the environment")

	t.Setenv("PATH", h.Bin())
	found, err = homeOfProgram(AuthPlugin)
	require.NoError(t, err)
	assert.Equal(t, h, found)

	elsewhere := filepath.Join(t.TempDir(), "bin", AuthPlugin)
	require.NoError(t, os.MkdirAll(filepath.Dir(elsewhere), 0o700))
	require.NoError(t, os.WriteFile(elsewhere, nil, 0o700))
	found, err = homeOfProgram(elsewhere)
	require.NoError(t, err)
	assert.Equal(t, other, found)
}
