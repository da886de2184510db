package syncthing

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Identity is the device identity of a region's Syncthing. All identities are declared before any region's Syncthing,
// because each daemon needs all of them.
type Identity struct {
	pulumi.ResourceState

	// DeviceID is public: a hash of the certificate.
	DeviceID pulumi.StringOutput
	// Certificate and Key are PEM; the key is a secret.
	Certificate, Key pulumi.StringOutput
	// APIKey authenticates to the daemon's REST API on its loopback address. It is a secret.
	APIKey pulumi.StringOutput
}

// NewIdentity declares an identity: 32 random bytes, which are an Ed25519 private key. The rest is derived from it.
func NewIdentity(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*Identity, error) {
	i := &Identity{}
	if err := ctx.RegisterComponentResource("geo-wordpress:syncthing:Identity", name, i, opts...); err != nil {
		return nil, err
	}
	seed, err := random.NewRandomBytes(ctx, name+"-key", &random.RandomBytesArgs{
		Length: pulumi.Int(ed25519.SeedSize),
	}, pulumi.Parent(i))
	if err != nil {
		return nil, err
	}
	apiKey, err := random.NewRandomPassword(ctx, name+"-api", &random.RandomPasswordArgs{
		Length:  pulumi.Int(32),
		Special: pulumi.Bool(false),
	}, pulumi.Parent(i))
	if err != nil {
		return nil, err
	}
	part := func(of func(pemIdentity) string) pulumi.StringOutput {
		return seed.Base64.ApplyT(func(text string) (string, error) {
			identity, err := identityFromSeed(text)
			return of(identity), err
		}).(pulumi.StringOutput)
	}
	i.Certificate = part(func(p pemIdentity) string { return p.certificate })
	i.Key = part(func(p pemIdentity) string { return p.key })
	i.DeviceID = pulumi.Unsecret(part(func(p pemIdentity) string { return p.deviceID })).(pulumi.StringOutput)
	i.APIKey = apiKey.Result
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"deviceId": i.DeviceID})
}

type pemIdentity struct {
	certificate, key, deviceID string
}

// identityFromSeed derives the certificate of a private key, given as base64 of its 32 bytes. The certificate must
// never change: peers would take it for another device. Hence the fixed serial number and dates, and Ed25519, whose
// signatures are deterministic.
func identityFromSeed(text string) (pemIdentity, error) {
	seed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return pemIdentity{}, fmt.Errorf("a Syncthing key is %d bytes in base64, not %d (%v)", ed25519.SeedSize, len(seed), err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		// Peers drop a connection whose certificate has another name.
		Subject:               pkix.Name{CommonName: "syncthing"},
		NotBefore:             time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2099, time.December, 31, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return pemIdentity{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pemIdentity{}, err
	}
	return pemIdentity{
		certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		key:         string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		deviceID:    deviceID(der),
	}, nil
}

// deviceID is Syncthing's ID of a certificate, given as DER: base32 of its SHA-256, 52 characters in four groups of
// thirteen, each followed by its check character, written in eight groups of seven.
func deviceID(der []byte) string {
	sum := sha256.Sum256(der)
	plain := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])
	var checked strings.Builder
	for ; plain != ""; plain = plain[13:] {
		checked.WriteString(plain[:13])
		checked.WriteByte(checkCharacter(plain[:13]))
	}
	var groups []string
	for id := checked.String(); id != ""; id = id[7:] {
		groups = append(groups, id[:7])
	}
	return strings.Join(groups, "-")
}

// checkCharacter is the Luhn algorithm modulo 32, as Syncthing applies it: from the left, every second value doubled.
func checkCharacter(group string) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	sum := 0
	for i := range group {
		value := strings.IndexByte(alphabet, group[i]) * (1 + i%2)
		sum += value/32 + value%32
	}
	return alphabet[(32-sum%32)%32]
}
