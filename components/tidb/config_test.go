package tidb

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/components/certificates"

	"github.com/BurntSushi/toml"
)

// values are a TOML file's values, by dotted key.
func values(t *testing.T, text string) map[string]any {
	t.Helper()
	var tree map[string]any
	if _, err := toml.Decode(text, &tree); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	flat := map[string]any{}
	var walk func(string, map[string]any)
	walk = func(prefix string, table map[string]any) {
		for name, value := range table {
			if inner, ok := value.(map[string]any); ok {
				walk(prefix+name+".", inner)
			} else {
				flat[prefix+name] = value
			}
		}
	}
	walk("", tree)
	return flat
}

func TestConfigFilesSayWhatTheyMust(t *testing.T) {
	tidb, err := render(tidbConfig, map[string]string{"Region": "europe-west1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]struct {
		text string
		want map[string]any
	}{
		"pd.toml": {pdConfig, map[string]any{
			"replication.max-replicas":    int64(3),
			"replication.isolation-level": "region", // one of location-labels, or PD ignores it
		}},
		"tikv.toml": {tikvConfig, map[string]any{
			"storage.block-cache.capacity":     "1GB",
			"server.graceful-shutdown-timeout": "20s",
			"rocksdb.max-open-files":           int64(4096),
			"raftdb.max-open-files":            int64(4096),
		}},
		"tidb.toml": {tidb, map[string]any{
			"initialize-sql-file":             "/etc/tidb-init/init.sql",
			"labels.zone":                     "europe-west1",
			"status.status-port":              int64(10080),
			"graceful-wait-before-shutdown":   int64(10),
			"tikv-client.grpc-keepalive-time": int64(10),
		}},
	} {
		got := values(t, file.text)
		for key, want := range file.want {
			if got[key] != want {
				t.Errorf("%s: %s is %v, want %v", name, key, got[key], want)
			}
		}
	}
	if labels, _ := values(t, pdConfig)["replication.location-labels"].([]any); !slices.Contains(labels, any("region")) {
		t.Errorf("PD places by %v, and its isolation level is region", labels)
	}
}

// statements are init.sql's statements with the given passwords. init.php expects one per line.
func statements(t *testing.T, password, root string) []string {
	t.Helper()
	text, err := render(initSQL, map[string]string{"Database": Database, "User": User, "Password": password, "RootPassword": root})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		if strings.Count(line, ";") != 1 || !strings.HasSuffix(line, ";") {
			t.Fatalf("line %d is not one statement: %s", i+1, line)
		}
	}
	return lines
}

// The job repeats what TiDB's own bootstrap did, or completes it.
func TestStatementsMayBeRepeated(t *testing.T) {
	repeatable := regexp.MustCompile(`^(CREATE (DATABASE|USER) IF NOT EXISTS|ALTER USER|GRANT|SET GLOBAL) `)
	for _, statement := range statements(t, "password", "root-password") {
		if !repeatable.MatchString(statement) {
			t.Errorf("fails or differs when it is run again: %s", statement)
		}
	}
}

// Root's password is set last: until then the job can still log in without one, and retry.
func TestRootsPasswordComesLast(t *testing.T) {
	all := statements(t, "its-password", "root-password")
	for i, statement := range all {
		last := i == len(all)-1
		if strings.Contains(statement, "root-password") != last || strings.Contains(statement, "'root'") != last {
			t.Errorf("statement %d of %d: %s", i+1, len(all), statement)
		}
	}
	// An existing user gets the password too.
	if !slices.ContainsFunc(all, func(s string) bool {
		return strings.HasPrefix(s, "ALTER USER '"+User+"'") && strings.Contains(s, "its-password")
	}) {
		t.Error("a user that exists keeps another password")
	}
}

func TestWordPressMayDoNothingBeyondItsDatabase(t *testing.T) {
	for _, statement := range statements(t, "password", "root-password") {
		rights, ok := strings.CutPrefix(statement, "GRANT ")
		if !ok {
			continue
		}
		rights, on, _ := strings.Cut(rights, " ON ")
		if on != "`"+Database+"`.* TO '"+User+"'@'%';" {
			t.Errorf("rights are granted on %s", on)
		}
		for right := range strings.SplitSeq(rights, ", ") {
			if slices.Contains([]string{"ALL", "ALL PRIVILEGES", "SUPER", "GRANT OPTION", "FILE", "PROCESS", "CREATE USER"}, right) {
				t.Errorf("%s may %s", User, right)
			}
		}
	}
}

// A value missing from a template would be an empty password.
func TestTemplatesNeedAllTheirValues(t *testing.T) {
	for _, text := range []string{initSQL, tidbConfig} {
		if got, err := render(text, map[string]string{"Database": Database}); err == nil {
			t.Errorf("rendered without its values:\n%s", got)
		}
	}
}

// The servers admit the common name that their certificates have, and nothing less.
func TestServersAdmitTheirCommonNameOnly(t *testing.T) {
	tidb, err := render(tidbConfig, map[string]string{"Region": "europe-west1"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]map[string]string{
		pdConfig:   {"cert-allowed-cn": "", "cacert-path": "ca.crt", "cert-path": "tls.crt", "key-path": "tls.key"},
		tikvConfig: {"cert-allowed-cn": "", "ca-path": "ca.crt", "cert-path": "tls.crt", "key-path": "tls.key"},
		tidb: {"cluster-verify-cn": "", "cluster-ssl-ca": "ca.crt", "cluster-ssl-cert": "tls.crt", "cluster-ssl-key": "tls.key",
			"ssl-cert": "tls.crt", "ssl-key": "tls.key"},
	} {
		got := values(t, text)
		for key, file := range want {
			value := got["security."+key]
			if names, ok := value.([]any); file == "" && (!ok || !slices.Equal(names, []any{certificates.CommonName})) {
				t.Errorf("%s is %v", key, value)
			} else if file != "" && value != certificatesPath+"/"+file {
				t.Errorf("%s is %v", key, value)
			}
		}
		// With it TiDB would ask WordPress for a certificate.
		if ca, is := got["security.ssl-ca"]; is {
			t.Errorf("ssl-ca is %v", ca)
		}
	}
}
