package world

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"time"

	"geo-wordpress/components/tidb"
	"geo-wordpress/regions"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
)

// Certificate returns the files of a region's database servers: ca.crt, tls.crt and tls.key.
func Certificate(region *declared.Region) map[string][]byte {
	for key, secret := range region.Secrets {
		if key.Name == tidb.Certificates {
			return secret.Data
		}
	}
	panic("world: " + region.Name + " has no Secret " + tidb.Certificates)
}

// Verifying returns the TLS settings of a client that has no certificate, and verifies that a server is a region's.
func Verifying(region *declared.Region, service string) *tls.Config {
	key, _ := region.Service(service)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(Certificate(region)["ca.crt"])
	return &tls.Config{RootCAs: roots, ServerName: regions.ServiceDNS(service, key.Namespace, region.Region)}
}

// Certified returns the TLS settings of a client with the region's certificate.
func Certified(region *declared.Region, service string) *tls.Config {
	settings, files := Verifying(region, service), Certificate(region)
	pair, err := tls.X509KeyPair(files["tls.crt"], files["tls.key"])
	if err != nil {
		panic("world: the certificate of " + region.Name + ": " + err.Error())
	}
	settings.Certificates = []tls.Certificate{pair}
	return settings
}

// Client returns a client of a pod of the database's servers, with the certificate of their region. It is impatient, because a
// Placement Driver without a quorum does not answer.
func Client(pod *kubelet.Pod) *http.Client { return ClientWith(Certified(pod.Region, pod.App())) }

// ClientWith is Client with other TLS settings.
func ClientWith(settings *tls.Config) *http.Client {
	return &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: settings}}
}
