// Package googlecloud stands in for what pods reach of Google Cloud: the machine's metadata server, which gives them their
// tokens, and Cloud Storage, which checks them. The object server is fake-gcs-server; the roles are checked in front of it,
// since it knows none.
package googlecloud

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// StorageHost is the name of Cloud Storage.
const StorageHost = "storage.googleapis.com"

// Cloud is a running Google Cloud.
type Cloud struct {
	// Objects is the object server.
	Objects *fakestorage.Server

	account func(netip.Addr) string // Options.Account

	lock    sync.Mutex
	roles   map[string]map[string][]string // by bucket and member
	refused []string
	servers []*http.Server
}

// Options configure a Cloud.
type Options struct {
	Metadata, Storage netip.Addr      // where to listen
	Certificate       tls.Certificate // of StorageHost
	Directory         string          // for the objects
	// Account returns the service account (its e-mail address) that the pod of an address acts as, or nothing.
	Account func(netip.Addr) string
}

// Start starts a Cloud.
func Start(o Options) (*Cloud, error) {
	objects, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		NoListener: true, StorageRoot: o.Directory, PublicHost: StorageHost, ExternalURL: "https://" + StorageHost,
	})
	if err != nil {
		return nil, err
	}
	c := &Cloud{Objects: objects, account: o.Account, roles: map[string]map[string][]string{}}
	metadata, err := net.Listen("tcp", netip.AddrPortFrom(o.Metadata, 80).String())
	if err != nil {
		return nil, err
	}
	storage, err := net.Listen("tcp", netip.AddrPortFrom(o.Storage, 443).String())
	if err != nil {
		metadata.Close()
		return nil, err
	}
	c.serve(metadata, http.HandlerFunc(c.metadata))
	c.serve(tls.NewListener(storage, &tls.Config{Certificates: []tls.Certificate{o.Certificate}}), http.HandlerFunc(c.storage))
	return c, nil
}

func (c *Cloud) serve(on net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	c.servers = append(c.servers, server)
	go func() {
		if err := server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("Google Cloud's stand-in:", err)
		}
	}()
}

// Close stops the servers.
func (c *Cloud) Close() {
	for _, server := range c.servers {
		_ = server.Close()
	}
	c.Objects.Stop()
}

// Grant gives a member, such as serviceAccount:EMAIL, a role on a bucket.
func (c *Cloud) Grant(bucket, role, member string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.roles[bucket] == nil {
		c.roles[bucket] = map[string][]string{}
	}
	c.roles[bucket][member] = append(c.roles[bucket][member], role)
}

// Refused lists the requests that Cloud Storage has refused so far.
func (c *Cloud) Refused() []string {
	c.lock.Lock()
	defer c.lock.Unlock()
	return append([]string(nil), c.refused...)
}

// metadata is the part of the metadata server that Google's libraries use.
func (c *Cloud) metadata(answer http.ResponseWriter, request *http.Request) {
	answer.Header().Set("Metadata-Flavor", "Google")
	if request.URL.Path == "/" {
		return
	}
	if request.Header.Get("Metadata-Flavor") != "Google" {
		http.Error(answer, "missing Metadata-Flavor", http.StatusForbidden)
		return
	}
	from, err := netip.ParseAddrPort(request.RemoteAddr)
	account := ""
	if err == nil {
		account = c.account(from.Addr().Unmap())
	}
	const accounts = "/computeMetadata/v1/instance/service-accounts/default/"
	switch {
	case request.URL.Path == "/computeMetadata/v1/project/project-id":
		fmt.Fprint(answer, "my-project")
	case request.URL.Path == "/computeMetadata/v1/universe/universe-domain":
		fmt.Fprint(answer, "googleapis.com")
	case account == "":
		http.Error(answer, "the pod has no service account of Google Cloud", http.StatusNotFound)
	case request.URL.Path == accounts+"email":
		fmt.Fprint(answer, account)
	case request.URL.Path == accounts+"token":
		answer.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(answer, `{"access_token":"token-of-%s","expires_in":3599,"token_type":"Bearer"}`, account)
	default:
		http.NotFound(answer, request)
	}
}

// accountOf returns the account of a request's token, which metadata has given.
func accountOf(request *http.Request) string {
	return strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer token-of-")
}
