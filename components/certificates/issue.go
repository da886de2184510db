package certificates

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// CommonName is the name in the servers' certificates. PD, TiKV and TiDB admit nobody else to one another.
const CommonName = "geo-wordpress-database"

// seedBytes is the number of random bytes that a key is made of.
const seedBytes = 32

// The authority's dates never change, as nothing in its certificate does: whoever trusts it has a copy.
var (
	authorityFrom  = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	authorityUntil = time.Date(2050, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// constraints are the domains that the authority may vouch for. WordPress's PHP trusts it for all its connections, and must
// not do so for the rest of the world.
var constraints = []string{"geo-wordpress.local", "localhost"}

// window is a half of a year. All updates in it make the same certificates; the first one in the next renews them.
type window struct{ start, until time.Time }

const (
	// windowMonths is the length of a window.
	windowMonths = 6
	// validMonths is how long a certificate is valid, from its window's start. One that was made on the window's last day has
	// twelve months left.
	validMonths = 3 * windowMonths
	// margin is for clocks that are slow.
	margin = 24 * time.Hour
)

// validity returns the window of a moment, and when its certificates expire.
func validity(now time.Time) window {
	now = now.UTC()
	half := (int(now.Month()) - 1) / windowMonths
	start := time.Date(now.Year(), time.Month(1+half*windowMonths), 1, 0, 0, 0, 0, time.UTC)
	return window{start, start.AddDate(0, validMonths, 0)}
}

// authority can issue certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issued is a certificate and its key, in PEM.
type issued struct{ certificate, key string }

// newAuthority returns the authority of a seed.
func newAuthority(seed string) (authority, error) {
	key, _, err := privateKey(seed)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber:                big.NewInt(1),
		Subject:                     pkix.Name{CommonName: "geo-wordpress database authority"},
		NotBefore:                   authorityFrom,
		NotAfter:                    authorityUntil,
		KeyUsage:                    x509.KeyUsageCertSign,
		BasicConstraintsValid:       true,
		IsCA:                        true,
		MaxPathLenZero:              true,
		PermittedDNSDomains:         constraints,
		PermittedDNSDomainsCritical: true,
	}
	certificate, err := sign(template, template, key.Public(), key)
	return authority{certificate, key}, err
}

// issue returns the certificate of a seed for servers with some DNS names, as of a moment. It fails if the authority's own
// certificate does not vouch for it.
func issue(authoritySeed, seed string, names []string, now time.Time) (issued, error) {
	by, err := newAuthority(authoritySeed)
	if err != nil {
		return issued{}, err
	}
	key, der, err := privateKey(seed)
	if err != nil {
		return issued{}, err
	}
	valid := validity(now)
	if valid.until.After(authorityUntil) {
		return issued{}, fmt.Errorf("the database's authority expires on %s", authorityUntil.Format(time.DateOnly))
	}
	template := &x509.Certificate{
		SerialNumber:          serial(der, valid.start),
		Subject:               pkix.Name{CommonName: CommonName},
		NotBefore:             valid.start.Add(-margin),
		NotAfter:              valid.until,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		DNSNames:              names,
	}
	certificate, err := sign(template, by.certificate, key.Public(), by.key)
	if err != nil {
		return issued{}, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(by.certificate)
	for _, name := range names {
		if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: now}); err != nil {
			return issued{}, fmt.Errorf("a certificate for %s: %w", name, err)
		}
	}
	return issued{encode("CERTIFICATE", certificate.Raw), encode("PRIVATE KEY", der)}, nil
}

// sign makes a certificate. Without a source of random numbers, an ECDSA signature follows from the key and the text
// (RFC 6979), so the same template makes the same bytes. The key's identifier is set here because Go's default has changed
// between releases.
func sign(template, parent *x509.Certificate, public crypto.PublicKey, by *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	template.SubjectKeyId = sum[:20]
	template.SignatureAlgorithm = x509.ECDSAWithSHA256
	certificate, err := x509.CreateCertificate(nil, template, parent, public, by)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(certificate)
}

// privateKey returns the P-256 key of a seed, and its encoding (PKCS #8). Of the curves that TiKV's and PHP's OpenSSL and Go
// all use for TLS, it is the one that every version of TLS has. The first hash in range is the key; only one in four thousand
// million is not.
func privateKey(text string) (*ecdsa.PrivateKey, []byte, error) {
	seed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(seed) != seedBytes {
		return nil, nil, fmt.Errorf("a key is made of %d bytes in base64, not of %d (%v)", seedBytes, len(seed), err)
	}
	for count := byte(0); ; count++ {
		scalar := sha256.Sum256(append([]byte{count}, seed...))
		key, err := ecdh.P256().NewPrivateKey(scalar[:])
		if err != nil {
			continue
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, nil, err
		}
		parsed, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, nil, err
		}
		return parsed.(*ecdsa.PrivateKey), der, nil
	}
}

// serial is a serial number that no other certificate of the authority has: of the key and the window.
func serial(key []byte, start time.Time) *big.Int {
	sum := sha256.Sum256(append([]byte(start.Format(time.DateOnly)), key...))
	return new(big.Int).SetBytes(sum[:16])
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
