package software

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Identity is one side of a TLS connection.
type Identity struct {
	// Authorities vouch for the other side. A server without asks its clients for no certificate.
	Authorities *x509.CertPool
	// Certificate is its own; nil for a client without.
	Certificate *x509.Certificate
	// Names are the common names that the other side may have; empty for any.
	Names []string

	verified sync.Map // what has been verified, by verification: programs connect ten times a second
}

// Secured is implemented by programs that speak TLS.
type Secured interface {
	// Identity is the program's on a port, nil if the port speaks without TLS. now is the time there.
	Identity(port int) (own *Identity, now time.Time)
}

// ReadIdentity reads an identity's files: of the authorities, of the certificate, and of its key. Either the first or the other
// two may be missing.
func ReadIdentity(files *Filesystem, authorities, certificate, key string) (*Identity, error) {
	i := &Identity{}
	if authorities != "" {
		text, err := files.Read(authorities)
		if err != nil {
			return nil, err
		}
		if i.Authorities = x509.NewCertPool(); !i.Authorities.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", authorities)
		}
	}
	if certificate == "" && key == "" {
		return i, nil
	}
	public, err := files.Read(certificate)
	if err != nil {
		return nil, err
	}
	private, err := files.Read(key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(bytes.Clone(public), private)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", certificate, key, err)
	}
	i.Certificate, err = x509.ParseCertificate(pair.Certificate[0])
	return i, err
}

// A HandshakeError says why two programs have no TLS connection.
type HandshakeError struct{ why error }

func (e *HandshakeError) Error() string { return e.why.Error() }
func (e *HandshakeError) Unwrap() error { return e.why }

// Handshake connects a client, which calls a server by a host name, to a port. The client is nil if it speaks without TLS.
func Handshake(client *Identity, server Program, port int, host string) error {
	var own *Identity
	var now time.Time
	if secured, ok := As[Secured](server); ok {
		own, now = secured.Identity(port)
	}
	switch {
	case client == nil && own == nil:
		return nil
	case client == nil:
		return &HandshakeError{errors.New("the server closes the connection: it speaks TLS")}
	case own == nil:
		return &HandshakeError{errors.New("tls: first record does not look like a TLS handshake")}
	}
	if err := client.trusts(own.Certificate, host, x509.ExtKeyUsageServerAuth, now); err != nil {
		return &HandshakeError{fmt.Errorf("the server's certificate: %w", err)}
	}
	if own.Authorities == nil {
		return nil
	}
	if err := own.trusts(client.Certificate, "", x509.ExtKeyUsageClientAuth, now); err != nil {
		return &HandshakeError{fmt.Errorf("remote error: tls: the client's certificate: %w", err)}
	}
	return nil
}

// verification is that of a certificate for a host and a use.
type verification struct {
	certificate *x509.Certificate
	host        string
	use         x509.ExtKeyUsage
}

func (i *Identity) trusts(other *x509.Certificate, host string, use x509.ExtKeyUsage, now time.Time) error {
	if other == nil {
		return errors.New("certificate required")
	}
	roots := i.Authorities
	if roots == nil {
		roots = x509.NewCertPool() // not this machine's
	}
	key := verification{other, host, use}
	if _, known := i.verified.Load(key); !known || now.Before(other.NotBefore) || now.After(other.NotAfter) {
		if _, err := other.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{use}}); err != nil {
			return err
		}
		i.verified.Store(key, true)
	}
	if len(i.Names) > 0 && !slices.Contains(i.Names, other.Subject.CommonName) {
		return fmt.Errorf("the common name %q is not admitted", other.Subject.CommonName)
	}
	return nil
}
