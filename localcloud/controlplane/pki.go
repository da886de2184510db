package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"geo-wordpress/localcloud/cloud"
)

// validity of a cluster's certificates: longer than a local cluster lives, because nobody renews them.
const validity = 10 * 365 * 24 * time.Hour

// The files of a cluster's pki directory. A certificate's key is beside it, as .key instead of .crt.
const (
	caCertificate                = "ca.crt"
	apiServerCertificate         = "apiserver.crt"
	adminCertificate             = "admin.crt"
	controllerManagerCertificate = "controller-manager.crt"
	schedulerCertificate         = "scheduler.crt"
	serviceAccountPublicKey      = "service-accounts.pub"
)

func keyOf(certificate string) string {
	return certificate[:len(certificate)-len(filepath.Ext(certificate))] + ".key"
}

// authority is a certificate authority.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// writePKI makes a cluster's certificates and keys. The subjects are those that Kubernetes' own roles are bound to.
func writePKI(dir string, c cloud.Cluster) error {
	ca, err := newAuthority(c.Name + "-ca")
	if err != nil {
		return err
	}
	if err := writeKeyPair(dir, caCertificate, ca.certificate.Raw, ca.key); err != nil {
		return err
	}

	serviceIP := c.ServiceRange.Masked().Addr().Next() // of the Service default/kubernetes
	server := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), serviceIP.AsSlice()},
		DNSNames: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + c.DNSDomain,
		},
	}
	client := func(name string, groups ...string) *x509.Certificate {
		return &x509.Certificate{
			Subject:     pkix.Name{CommonName: name, Organization: groups},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
	}
	for file, template := range map[string]*x509.Certificate{
		apiServerCertificate:         server,
		adminCertificate:             client("local-cloud", "system:masters"),
		controllerManagerCertificate: client("system:kube-controller-manager"),
		schedulerCertificate:         client("system:kube-scheduler"),
	} {
		der, key, err := ca.issue(template)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := writeKeyPair(dir, file, der, key); err != nil {
			return err
		}
	}

	key, err := newKey()
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, serviceAccountPublicKey), "PUBLIC KEY", public); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, keyOf(serviceAccountPublicKey)), key)
}

func newAuthority(name string) (*authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	if err := stamp(template); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("certificate authority %s: %w", name, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{certificate: certificate, key: key}, nil
}

// issue signs a certificate for a new key, and returns both, the certificate in DER.
func (a *authority) issue(template *x509.Certificate) ([]byte, crypto.Signer, error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.BasicConstraintsValid = true
	if err := stamp(template); err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	return der, key, err
}

// stamp sets a certificate's serial number and validity period.
func stamp(template *x509.Certificate) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour) // clocks are sometimes set back
	template.NotAfter = time.Now().Add(validity)
	return nil
}

func newKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func writeKeyPair(dir, certificate string, der []byte, key crypto.Signer) error {
	if err := writePEM(filepath.Join(dir, certificate), "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, keyOf(certificate)), key)
}

func writeKey(path string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
