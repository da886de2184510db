package conformance_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// port is a port of a pod that speaks TLS with certificates on both sides.
type port struct {
	pod    *kubelet.Pod
	number int
}

// handshake connects to the port, and returns why the server does not admit the client, which it may say after the handshake.
func (p port) handshake(settings *tls.Config) error {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 3 * time.Second}, Config: settings}
	connection, err := dialer.DialContext(context.Background(), "tcp", fmt.Sprintf("%s:%d", p.pod.Network.Address, p.number))
	if err != nil {
		return err
	}
	defer connection.Close()
	_ = connection.SetReadDeadline(time.Now().Add(2 * time.Second))
	_, err = connection.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil // it waits for a request
	}
	return err
}

// secured starts the servers of the database, with the certificates of a moment, and returns their ports.
func secured(t *testing.T, w *world.World) (pds []*kubelet.Pod, store, tidb *kubelet.Pod, ports []port) {
	t.Helper()
	pds = startPDs(w)
	store = w.StartStore()
	tidb = w.Start(w.Stack.Regions[0].Name, "tidb")
	w.Ready(3*time.Minute, store, tidb)
	return pds, store, tidb, []port{{pds[0], 2379}, {store, 20160}, {store, 20180}, {tidb, 10080}}
}

// Nobody talks to the servers without the stack's certificate: without any, with a stranger's, with one that has expired; and
// nobody without TLS. Etcd's port for members admits, beyond that, only addresses that the certificate's names lead to.
func TestTLSAdmitsNobodyElse(t *testing.T) {
	w := world.New(t, committed(t, nil))
	pds, _, _, ports := secured(t, w)
	long := time.Date(2024, time.February, 1, 0, 0, 0, 0, time.UTC)
	expired := declared.Committed(t, nil).At(t, long)
	stranger, err := newAuthority(t).Certificate("geo-wordpress-database")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(ports, port{pds[0], 2380}) {
		region, service := p.pod.Region, p.pod.App()
		without := world.Verifying(region, service)
		foreign := world.Verifying(region, service)
		foreign.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return stranger, nil }
		old := world.Verifying(region, service)
		old.Certificates = world.Certified(expired.Region(region.Name), service).Certificates
		for who, settings := range map[string]*tls.Config{"without a certificate": without, "a stranger": foreign, "an expired certificate": old} {
			if err := p.handshake(settings); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s, port %d, %s: %v", service, p.number, who, err)
			}
		}
		if err := p.handshake(world.Certified(region, service)); (err == nil) == (p.number == 2380) {
			t.Errorf("%s, port %d, with the region's certificate from elsewhere: %v", service, p.number, err)
		}
		elsewhere := world.Certified(region, service)
		elsewhere.ServerName = world.Verifying(w.Stack.Regions[1], service).ServerName
		if err := p.handshake(elsewhere); err == nil {
			t.Errorf("%s, port %d: it has a certificate for another region", service, p.number)
		}
	}
	// What anybody in the network could do before: remove a store.
	for _, client := range []*http.Client{world.ClientWith(nil), world.ClientWith(world.Verifying(pds[0].Region, "pd"))} {
		for _, scheme := range []string{"http", "https"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, scheme+"://"+pds[0].Network.Address.String()+":2379/pd/api/v1/store/1?force=true", nil)
			if err != nil {
				t.Fatal(err)
			}
			if response, err := client.Do(request); err == nil {
				response.Body.Close()
				if response.StatusCode != http.StatusBadRequest || scheme == "https" {
					t.Errorf("%s without a certificate: %s", scheme, response.Status)
				}
			}
		}
	}
	quorum(w, pds...)
}

// serial is the serial number of the certificate that a port shows.
func (p port) serial(t *testing.T) string {
	t.Helper()
	connection, err := tls.Dial("tcp", fmt.Sprintf("%s:%d", p.pod.Network.Address, p.number), world.Certified(p.pod.Region, p.pod.App()))
	if err != nil {
		t.Fatalf("port %d: %v", p.number, err)
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// A renewal changes the files in the running pods, one region after the other. No server restarts, no statement fails, and new
// connections have the new certificate, between servers with the old one and servers with the new one too. TiDB's SQL port alone
// keeps the old one until it restarts, which is why the graph rolls it.
func TestTLSIsRenewedInPlace(t *testing.T) {
	now := declared.Committed(t, nil)
	w := world.New(t, now.At(t, time.Now().AddDate(0, -6, 0)))
	pds, _, tidb, ports := secured(t, w)
	if _, err := w.Job(w.Stack.Regions[0].Name, "database-init"); err != nil {
		t.Fatal(err)
	}
	db := w.Database(tidb, "wordpress", w.Stack.Output("database", "password"))
	db.SetMaxIdleConns(0)
	must(t, db, "CREATE TABLE wordpress.renewal (n BIGINT AUTO_INCREMENT PRIMARY KEY)")
	var statements atomic.Int64
	stop, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				failed <- nil
				return
			default:
			}
			if _, err := db.Exec("INSERT INTO wordpress.renewal VALUES ()"); err != nil {
				failed <- err
				return
			}
			statements.Add(1)
		}
	}()
	before := map[port]string{}
	for _, p := range ports {
		before[p] = p.serial(t)
	}
	for i, region := range w.Stack.Regions {
		give(t, w, region, now.Regions[i])
		time.Sleep(2 * time.Second)
		for _, p := range ports {
			if got := p.serial(t); p.pod.Region == region && got == before[p] {
				t.Errorf("%s, port %d: still the old certificate", p.pod.App(), p.number)
			}
		}
	}
	// A member that does not lead restarts, so that all others have new connections with it.
	leader := leaderOf(t, pds[0])
	for _, pd := range pds {
		if pd.Region.Name != leader {
			pd.Signal(syscall.SIGTERM)
			break
		}
	}
	time.Sleep(10 * time.Second)
	quorum(w, pds...)
	close(stop)
	if err := <-failed; err != nil {
		t.Errorf("a statement failed: %v", err)
	}
	if n := statements.Load(); n < 20 {
		t.Errorf("only %d statements ran", n)
	}
	unharmed(t, w, tidb)
}
