package controlplane

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm"
	"k8s.io/kubernetes/cmd/kubeadm/app/util/pkiutil"

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

// writePKI makes a cluster's certificates and keys. The subjects are those that Kubernetes' own roles are bound to.
func writePKI(dir string, c cloud.Cluster) error {
	ca, caKey, err := pkiutil.NewCertificateAuthority(certificate(certutil.Config{CommonName: c.Name + "-ca"}))
	if err != nil {
		return err
	}
	if err := writeKeyPair(dir, caCertificate, pkiutil.EncodeCertPEM(ca), caKey); err != nil {
		return err
	}

	serviceIP := c.ServiceRange.Masked().Addr().Next() // of the Service default/kubernetes
	server := certutil.Config{
		CommonName: "kube-apiserver",
		Usages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		AltNames: certutil.AltNames{
			IPs: []net.IP{net.IPv4(127, 0, 0, 1), serviceIP.AsSlice()},
			DNSNames: []string{
				"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + c.DNSDomain,
			},
		},
	}
	client := func(name string, groups ...string) certutil.Config {
		return certutil.Config{CommonName: name, Organization: groups, Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	}
	for file, config := range map[string]certutil.Config{
		apiServerCertificate:         server,
		adminCertificate:             client("local-cloud", "system:masters"),
		controllerManagerCertificate: client("system:kube-controller-manager"),
		schedulerCertificate:         client("system:kube-scheduler"),
	} {
		signed, key, err := pkiutil.NewCertAndKey(ca, caKey, certificate(config))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := writeKeyPair(dir, file, pkiutil.EncodeCertPEM(signed), key); err != nil {
			return err
		}
	}

	key, err := pkiutil.NewPrivateKey(kubeadm.EncryptionAlgorithmECDSAP256)
	if err != nil {
		return err
	}
	public, err := pkiutil.EncodePublicKeyPEM(key.Public())
	if err != nil {
		return err
	}
	return writeKeyPair(dir, serviceAccountPublicKey, public, key)
}

// certificate adds the validity period and the type of the key.
func certificate(config certutil.Config) *pkiutil.CertConfig {
	config.NotBefore = time.Now().Add(-time.Hour).UTC() // clocks are sometimes set back
	return &pkiutil.CertConfig{
		Config: config, NotAfter: config.NotBefore.Add(validity), EncryptionAlgorithm: kubeadm.EncryptionAlgorithmECDSAP256,
	}
}

// writeKeyPair writes a certificate or public key, and the private key beside it.
func writeKeyPair(dir, file string, pem []byte, key crypto.Signer) error {
	if err := os.WriteFile(filepath.Join(dir, file), pem, 0o600); err != nil {
		return err
	}
	private, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, keyOf(file)), private, 0o600)
}
