package stack_test

import (
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/components/tidb"
	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

// certificates is the name of the Secret with the database's certificate.
const certificates = tidb.Certificates

var certificateRules = []invariant{
	{"a region's servers have a certificate for their names", serversHaveTheirCertificate},
	{"only the database's servers have a private key", onlyServersHaveAKey},
	{"every client of the database knows the authority", clientsKnowTheAuthority},
	{"a region's certificate waits for the region before", certificatesGoThroughTheRegions},
	{"nobody talks to the database's servers without TLS", serversAreCalledWithTLS},
	{"the documented targets are the keys and the certificates", targetsAreTheCertificates},
}

// serversHaveTheirCertificate: the names by which clients call the servers are those in the certificate, or they refuse it.
func serversHaveTheirCertificate(t rapid.TB, s *system) {
	if s.Preview {
		return
	}
	for _, region := range s.config.Regions {
		secret := s.tls(t, region.Name)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(secret.Data()["ca.crt"].(string)))
		block, _ := pem.Decode([]byte(secret.Data()["tls.crt"].(string)))
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"pd", "tikv", "tidb"} {
			host := name + "." + s.config.Namespaces.Database + ".svc." + region.DNSDomain
			for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
				if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: []x509.ExtKeyUsage{use}}); err != nil {
					t.Errorf("%s as %s: %v", secret, host, err)
				}
			}
		}
		address := strings.TrimSuffix(tidb.Address(s.config, region), ":4000")
		if !slices.Contains(leaf.DNSNames, address) {
			t.Errorf("WordPress calls %s, and the certificate is for %v", address, leaf.DNSNames)
		}
	}
}

// tls is a region's Secret with the certificate.
func (s *system) tls(t rapid.TB, region string) *stacktest.Resource {
	t.Helper()
	return s.Only("kubernetes:core/v1:Secret", "tidb-"+region+"-tls")
}

// onlyServersHaveAKey: whoever takes over WordPress, or a job with a password, is no server.
func onlyServersHaveAKey(t rapid.TB, s *system) {
	may := []string{"pd", "tikv", "tidb", "gate", "pd-gate", "tikv-gate", "membership"}
	for _, w := range s.Workloads() {
		for _, v := range w.Pod.Volumes {
			if v.Secret == nil || v.Secret.SecretName != certificates {
				continue
			}
			key := len(v.Secret.Items) == 0
			for _, item := range v.Secret.Items {
				key = key || item.Key == "tls.key"
			}
			if key && !slices.Contains(may, app(w)) {
				t.Errorf("%s has the servers' private key", w)
			}
		}
	}
	for _, r := range s.Resources {
		if _, has := r.Data()["tls.key"]; has && (r.Kind() != "Secret" || r.Metadata().Name != certificates) {
			t.Errorf("%s holds a private key", r)
		}
	}
}

// clientsKnowTheAuthority: a client that has no copy connects to nobody, or, worse, to anybody.
func clientsKnowTheAuthority(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for _, c := range w.Pod.All() {
			for _, pair := range [][2]string{{"WORDPRESS_DB_HOST", "WORDPRESS_DB_CA"}, {"DB_HOST", "DB_CA_FILE"}, {"DATABASE_HOST", "DATABASE_CA"}} {
				if c.EnvVar(pair[0]) == nil {
					continue
				}
				path := variable(c, pair[1])
				mounted := slices.ContainsFunc(c.VolumeMounts, func(m stacktest.VolumeMount) bool {
					return m.MountPath == path && m.SubPath != "" || m.SubPath == "" && strings.HasPrefix(path, m.MountPath+"/")
				})
				if path == "" || !mounted {
					t.Errorf("%s: %s connects to the database, and has no authority at %q", w, c.Name, path)
				}
			}
		}
	}
}

// certificatesGoThroughTheRegions: a renewal that breaks something stops at the first region.
func certificatesGoThroughTheRegions(t rapid.TB, s *system) {
	for i, region := range s.config.Regions[1:] {
		before := s.Only("kubernetes:batch/v1:Job", "tidb-"+s.config.Regions[i].Name+"-pd-gate")
		if !s.Closure(s.tls(t, region.Name))[before] {
			t.Errorf("the certificate of %s does not wait for %s", region.Name, before)
		}
	}
}

// Between two updates of one half-year nothing changes. The next half-year's first update renews the certificates: the
// authority and the keys stay, and nothing restarts that reads the files again.
func TestCertificatesAreRenewedByTheCalendar(t *testing.T) {
	at := func(day string) *system {
		t.Helper()
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		s := run(t, configtest.Committed(t), false)
		if s.Graph, err = stacktest.Run(configtest.Committed(t), stacktest.Options{Now: now}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, same, next := at("2026-11-27"), at("2026-12-31"), at("2027-01-01")
	if c := between(first, same); !equal(c, change{}) {
		t.Errorf("an update in the same half-year: %+v", c)
	}
	c := between(first, next)
	if len(c.added)+len(c.removed) > 0 {
		t.Errorf("a renewal adds %v and removes %v", c.added, c.removed)
	}
	var changed []string
	for _, urn := range c.changed {
		if r := next.Get(urn); r.Kind() != "Stack" {
			changed = append(changed, r.Kind()+" "+strings.ReplaceAll(r.Name, next.regionOf(r), "*"))
		}
	}
	slices.Sort(changed)
	if want := eachThrice(renewed...); !slices.Equal(changed, want) {
		t.Errorf("a renewal changes %v, want %v", changed, want)
	}
	for _, region := range first.config.Regions {
		before, after := first.tls(t, region.Name).Data(), next.tls(t, region.Name).Data()
		if before["ca.crt"] != after["ca.crt"] || before["tls.key"] != after["tls.key"] || before["tls.crt"] == after["tls.crt"] {
			t.Errorf("%s: a renewal must change the certificate, and not the authority or the key", region.Name)
		}
	}
	if got := first.output("certificates_until"); got != "2028-01-01T00:00:00Z" {
		t.Errorf("certificates are valid until %v", got)
	}
}

// targetsAreTheCertificates: docs/certificates.md writes certificates with --target '**::tidb-*-tls', and replaces the keys with
// --target-replace '**::certificates-*'.
func targetsAreTheCertificates(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		key := r.Type == "random:index/randomBytes:RandomBytes" && strings.Contains(r.URN, "geo-wordpress:certificates:Certificates$")
		if strings.HasPrefix(r.Name, "certificates-") != key {
			t.Errorf("%s is a key of the certificates: %v", r, key)
		}
		secret := r.Kind() == "Secret" && strings.HasSuffix(r.Name, "-tls")
		if strings.HasPrefix(r.Name, "tidb-") && strings.HasSuffix(r.Name, "-tls") != secret {
			t.Errorf("%s is a region's certificate: %v", r, secret)
		}
	}
}

// With another authority and other keys every certificate is another, and what a server's pod holds of it is in the Secret
// alone, so that pods that start again have it before an update has reached them.
func TestAnotherAuthorityNeedsTheSecretsOnly(t *testing.T) {
	first := run(t, configtest.Committed(t), false)
	next := run(t, configtest.Committed(t), false)
	var err error
	if next.Graph, err = stacktest.Run(configtest.Committed(t), stacktest.Options{Rekeyed: true}); err != nil {
		t.Fatal(err)
	}
	for _, region := range first.config.Regions {
		before, after := first.tls(t, region.Name).Data(), next.tls(t, region.Name).Data()
		for _, key := range []string{"ca.crt", "tls.crt", "tls.key"} {
			if before[key] == after[key] {
				t.Errorf("%s: %s is the same", region.Name, key)
			}
		}
	}
	serversHaveTheirCertificate(t, next)
	for _, urn := range between(first, next).changed {
		if r := next.Get(urn); r.Kind() == "StatefulSet" || r.Kind() == "ConfigMap" && strings.HasPrefix(r.Name, "tidb-") {
			t.Errorf("%s changes with the authority", r)
		}
	}
}

// renewed are the objects of a region that a renewal changes.
var renewed = []string{"Deployment tidb-*-tidb", "Job tidb-*-pd-gate", "Secret tidb-*-tls"}

// A database without certificates runs on: an update that would break it registers nothing.
func TestADatabaseWithoutCertificatesIsNotChanged(t *testing.T) {
	values := configtest.Committed(t)
	old, err := stacktest.Run(values, stacktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	old.Resources = slices.DeleteFunc(old.Resources, func(r *stacktest.Resource) bool { return strings.HasPrefix(r.Name, "certificates") })
	g, err := stacktest.Run(values, stacktest.Options{Last: old})
	if err == nil || !strings.Contains(err.Error(), "founded without certificates") || !strings.Contains(err.Error(), "docs/certificates.md") {
		t.Errorf("got %v", err)
	}
	if len(g.Resources) > 1 { // the stack itself
		t.Errorf("%d resources were registered", len(g.Resources))
	}
	// One whose first update was interrupted has no database yet, and goes on.
	old.Resources = slices.DeleteFunc(old.Resources, func(r *stacktest.Resource) bool { return r.Metadata().Name == databaseStands })
	if _, err := stacktest.Run(values, stacktest.Options{Last: old}); err != nil {
		t.Error(err)
	}
}

// serversAreCalledWithTLS: every address of PD, in an argument, a variable or a script, is one of https, and whoever has one has
// the certificate. TiKV and TiDB have no scheme in their lists: their configuration decides.
func serversAreCalledWithTLS(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for _, c := range w.Pod.All() {
			text := strings.Join(slices.Concat(c.Command, c.Args), "\n")
			for _, e := range c.Env {
				text += "\n" + e.Value
			}
			plain := strings.Contains(text, "http://pd.") || strings.Contains(text, "http://0.0.0.0:23") || strings.Contains(text, "wget") && strings.Contains(text, "/pd/api")
			if plain {
				t.Errorf("%s: %s talks to PD without TLS: %s", w, c.Name, text)
			}
			if (strings.Contains(text, "https://") || strings.Contains(text, "pd.toml")) && slices.Contains([]string{"pd", "tidb", "gate", "pd-gate", "tikv-gate", "membership"}, app(w)) &&
				mountAt(c, "/etc/database-tls").Name == "" {
				t.Errorf("%s: %s has no certificate for PD", w, c.Name)
			}
		}
	}
}
