package conformance_test

import (
	"crypto/tls"
	"sync"
	"testing"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/world"
)

// give gives a region the Secret with another stack's certificate, and its running pods the files.
func give(t *testing.T, w *world.World, region, from *declared.Region) {
	t.Helper()
	for key, secret := range from.Secrets {
		if key.Name == "database-tls" {
			region.Secrets[key] = secret
		}
	}
	for _, pod := range w.Running() {
		if pod.Region == region {
			if err := pod.Refresh(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// restart stops all pods at once, as kubectl delete does.
func restart(w *world.World) {
	var all sync.WaitGroup
	for _, pod := range w.Running() {
		all.Go(func() { pod.Stop() })
	}
	all.Wait()
	w.Stands()
}

// A new authority, as docs/certificates.md replaces a key that somebody has seen: a Placement Driver that runs refuses even its own
// new certificate, so all of them start again. They are one cluster then, and the old certificate is admitted nowhere.
func TestTLSPDAuthorityIsReplaced(t *testing.T) {
	w := world.New(t, committed(t, nil))
	pds := startPDs(w)
	cluster := clusterID(t, pds[0])
	port := port{pds[0], 2379}
	old := world.Certified(port.pod.Region, "pd").Certificates
	next := declared.Committed(t, nil).Rekeyed(t)
	for i, region := range w.Stack.Regions {
		give(t, w, region, next.Regions[i])
	}
	if err := port.handshake(world.Certified(port.pod.Region, "pd")); err == nil {
		t.Error("a Placement Driver admits the new authority's certificates while it runs: nothing need restart")
	}
	restart(w)
	pds = startPDs(w)
	if now := clusterID(t, pds[0]); now != cluster {
		t.Errorf("the cluster is %d, and was %d", now, cluster)
	}
	port.pod = pds[0]
	refuses(t, port, old)
}

// The same with a store and a TiDB: the data stays, and the next update's gate opens.
func TestTLSAuthorityIsReplaced(t *testing.T) {
	w := world.New(t, committed(t, nil))
	pds, _, tidb, _ := secured(t, w)
	region := w.Stack.Regions[0]
	if _, err := w.Job(region.Name, "database-init"); err != nil {
		t.Fatal(err)
	}
	must(t, w.Database(tidb, "wordpress", w.Stack.Output("database", "password")), "CREATE TABLE wordpress.kept (n BIGINT PRIMARY KEY)")
	old := world.Certified(pds[0].Region, "pd").Certificates
	next := declared.Committed(t, nil).Rekeyed(t)
	for i, region := range w.Stack.Regions {
		give(t, w, region, next.Regions[i])
	}
	restart(w)
	_, _, tidb, ports := secured(t, w)
	for _, p := range ports {
		if err := p.handshake(world.Certified(p.pod.Region, p.pod.App())); err != nil {
			t.Errorf("%s, port %d: %v", p.pod.App(), p.number, err)
		}
		refuses(t, p, old)
	}
	must(t, w.Database(tidb, "wordpress", w.Stack.Output("database", "password")), "INSERT INTO wordpress.kept VALUES (1)")
	if _, err := w.Job(region.Name, "pd-gate"); err != nil {
		t.Error(err)
	}
}

// refuses checks that a port does not admit a certificate.
func refuses(t *testing.T, p port, certificates []tls.Certificate) {
	t.Helper()
	settings := world.Verifying(p.pod.Region, p.pod.App())
	settings.Certificates = certificates
	if err := p.handshake(settings); err == nil {
		t.Errorf("%s, port %d admits a certificate of the authority before", p.pod.App(), p.number)
	}
}
