package loadbalancer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Authority issues the certificates of the load balancers. It stands for the public authority that Google uses; only
// clients that are told to trust it do.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey

	mu     sync.Mutex
	issued map[string]*tls.Certificate // by host
}

// OpenAuthority opens or creates the authority that is kept in a directory. Its certificate is in the file at
// AuthorityFile, in PEM.
func OpenAuthority(dir string) (*Authority, error) {
	a := &Authority{issued: map[string]*tls.Certificate{}}
	keyFile := filepath.Join(dir, "authority.key")
	pair, err := tls.LoadX509KeyPair(AuthorityFile(dir), keyFile)
	if err == nil {
		a.certificate, a.key = pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)
		return a, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the authority of the load balancers: %w", err)
	}
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "geo-wordpress local cloud"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		return nil, err
	}
	return a, os.WriteFile(AuthorityFile(dir), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// AuthorityFile is the file with the authority's certificate in its directory.
func AuthorityFile(dir string) string { return filepath.Join(dir, "authority.pem") }

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(fmt.Sprintf("the system's random source failed: %v", err)) // documented never to happen
	}
	return n
}

// certify returns a certificate for a host, a new one unless it has one.
func (a *Authority) certify(host string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.issued[host]; known != nil {
		return known, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 90),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	a.issued[host] = &tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key}
	return a.issued[host], nil
}

// tlsConfig is the TLS configuration of a front end, which it asks anew for every connection.
func (f *frontEnd) tlsConfig() *tls.Config {
	return &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		host := strings.ToLower(hello.ServerName)
		if f.authority == nil || !slices.Contains(f.declared.Hosts, host) {
			return nil, fmt.Errorf("no certificate is issued for %q", hello.ServerName)
		}
		certificate, err := f.authority.certify(host)
		if err != nil {
			return nil, err
		}
		least := map[string]uint16{"TLS_1_1": tls.VersionTLS11, "TLS_1_2": tls.VersionTLS12}[f.declared.MinTLS]
		if least == 0 {
			least = tls.VersionTLS10
		}
		return &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: least, NextProtos: []string{"http/1.1"}}, nil
	}}
}
