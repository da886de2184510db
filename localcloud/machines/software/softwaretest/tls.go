package softwaretest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
)

// Authority is a certificate authority.
type Authority struct {
	t           require.TestingT
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes an authority.
func NewAuthority(t require.TestingT) *Authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a := &Authority{t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}, key}
	der, err := x509.CreateCertificate(rand.Reader, a.certificate, a.certificate, key.Public(), key)
	require.NoError(t, err)
	a.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return a
}

// Files are the files of a certificate with a common name, valid until a moment, for some hosts: ca.crt, tls.crt and tls.key.
func (a *Authority) Files(name string, until time.Time, hosts ...string) map[string]string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.certificate, key.Public(), a.key)
	require.NoError(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return map[string]string{
		"ca.crt": text("CERTIFICATE", a.certificate.Raw), "tls.crt": text("CERTIFICATE", der), "tls.key": text("PRIVATE KEY", private),
	}
}

// authority is that of all tests.
var authority = sync.OnceValue(func() *Authority { return NewAuthority(panics{}) })

// Certified returns the files of a new certificate for all hosts of the tests.
func Certified() map[string][]byte {
	hosts := []string{"tidb"}
	for n := range 10 {
		hosts = append(hosts, fmt.Sprintf("pd%d", n), fmt.Sprintf("tikv%d", n), fmt.Sprintf("tidb%d", n))
	}
	files := map[string][]byte{}
	for name, text := range authority().Files("geo-wordpress-database", time.Now().Add(1000*time.Hour), hosts...) {
		files[name] = []byte(text)
	}
	return files
}

// certified is a certificate that the tests share.
var certified = sync.OnceValue(Certified)

// panics is the test of what all tests share.
type panics struct{}

func (panics) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (panics) FailNow()                          {}

// security is the part of PD's, TiKV's and TiDB's configuration about their certificates.
const security = `[security]
cacert-path = "/etc/database-tls/ca.crt"
ca-path = "/etc/database-tls/ca.crt"
cert-path = "/etc/database-tls/tls.crt"
key-path = "/etc/database-tls/tls.key"
cert-allowed-cn = ["geo-wordpress-database"]
cluster-ssl-ca = "/etc/database-tls/ca.crt"
cluster-ssl-cert = "/etc/database-tls/tls.crt"
cluster-ssl-key = "/etc/database-tls/tls.key"
cluster-verify-cn = ["geo-wordpress-database"]
`

// secure gives a process the certificate, as the stack does. The database's servers speak TLS with each other.
func (w *World) secure(p software.Process) software.Process {
	files := &software.Filesystem{ReadOnly: p.Files.ReadOnly, Mounts: slices.DeleteFunc(slices.Clone(p.Files.Mounts), func(m software.Mount) bool {
		return m.Path == certificatesPath || m.Path == securityPath
	})}
	files.Mounts = append(files.Mounts, software.Mount{Path: certificatesPath, Volume: w.Certificate, ReadOnly: true})
	p.Files = files
	if !strings.HasPrefix(p.Image.Repository, "pingcap/") || len(p.Command) > 0 {
		return p
	}
	configured := false
	args := slices.Clone(p.Args)
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "http://", "https://")
		configured = configured || strings.HasPrefix(arg, "--config=") && arg != "--config="+securityPath+"/config.toml"
	}
	p.Args = args
	if configured {
		return p
	}
	p.Args = append(slices.DeleteFunc(p.Args, func(arg string) bool { return strings.HasPrefix(arg, "--config=") }), "--config="+securityPath+"/config.toml")
	With(p.Files, securityPath, map[string]string{"config.toml": security})
	return p
}

const certificatesPath, securityPath = "/etc/database-tls", "/etc/security-of-the-tests"
