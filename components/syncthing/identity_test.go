package syncthing

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/pem"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var seeds = rapid.SliceOfN(rapid.Byte(), ed25519.SeedSize, ed25519.SeedSize)

func identity(t rapid.TB, seed []byte) pemIdentity {
	t.Helper()
	made, err := identityFromSeed(base64.StdEncoding.EncodeToString(seed))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func certificate(t rapid.TB, text string) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		t.Fatalf("not one certificate: %s", text)
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// The ID is from Syncthing 1.19.2 (syncthing --device-id). This fails if another version of Go makes another
// certificate from the same key, which would change the device IDs of every running stack.
func TestDeviceIDIsSyncthingsOwn(t *testing.T) {
	const want = "3MC6SIQ-WT5P7X4-ED4S6FO-ED6VDXF-H3JHS7T-JLJAKVP-42KZNQQ-DATDCAA"
	if got := identity(t, []byte("0123456789abcdef0123456789abcdef")).deviceID; got != want {
		t.Errorf("the device ID is %s, want %s", got, want)
	}
}

func TestIdentityFollowsFromItsSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, other := seeds.Draw(t, "seed"), seeds.Draw(t, "another seed")
		first, second := identity(t, seed), identity(t, seed)
		if first != second {
			t.Error("the same seed gave two identities")
		}
		if !bytes.Equal(seed, other) && first.deviceID == identity(t, other).deviceID {
			t.Error("two seeds gave the same device")
		}
	})
}

// Syncthing checks a certificate's name, key and expiry.
func TestCertificateIsWhatPeersAccept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := seeds.Draw(t, "seed")
		made := identity(t, seed)
		c := certificate(t, made.certificate)
		if c.Subject.CommonName != "syncthing" {
			t.Errorf("the certificate's name is %q", c.Subject.CommonName)
		}
		if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
			t.Errorf("the certificate is not signed by its key: %v", err)
		}
		now := time.Now()
		if now.Before(c.NotBefore) || now.AddDate(50, 0, 0).After(c.NotAfter) {
			t.Errorf("the certificate is valid from %s to %s", c.NotBefore, c.NotAfter)
		}
		block, _ := pem.Decode([]byte(made.key))
		if block == nil || block.Type != "PRIVATE KEY" {
			t.Fatalf("the key is not PKCS #8: %v", block)
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		private := key.(ed25519.PrivateKey)
		if !bytes.Equal(private.Seed(), seed) || !private.Public().(ed25519.PublicKey).Equal(c.PublicKey) {
			t.Error("the key, the seed and the certificate do not belong together")
		}
	})
}

var deviceIDForm = regexp.MustCompile(`^([A-Z2-7]{7}-){7}[A-Z2-7]{7}$`)

func TestDeviceIDIsTheCertificatesHashWithCheckCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		made := identity(t, seeds.Draw(t, "seed"))
		if !deviceIDForm.MatchString(made.deviceID) {
			t.Fatalf("the device ID is %s", made.deviceID)
		}
		id := strings.ReplaceAll(made.deviceID, "-", "")
		var plain string
		for i := 0; i < len(id); i += 14 {
			if !valid(id[i : i+14]) {
				t.Errorf("the check character of %s is wrong", id[i:i+14])
			}
			// A typo must be detected.
			typo := []byte(id[i : i+14])
			at := rapid.IntRange(0, 13).Draw(t, "place of a typo")
			typo[at] = alphabet[(strings.IndexByte(alphabet, typo[at])+rapid.IntRange(1, 31).Draw(t, "by how much"))%32]
			if valid(string(typo)) {
				t.Errorf("%s passes for %s", typo, id[i:i+14])
			}
			plain += id[i : i+13]
		}
		block, _ := pem.Decode([]byte(made.certificate))
		sum := sha256.Sum256(block.Bytes)
		if got := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]); got != plain {
			t.Errorf("the device ID says %s, the certificate's hash is %s", plain, got)
		}
	})
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// valid says whether a group's last character is the check character of the others: from the left, values are
// multiplied by one and two in turn, the two base-32 digits of each product are added, and the total must be a multiple
// of 32.
func valid(group string) bool {
	weights := []int{1, 2}
	total := strings.IndexByte(alphabet, group[len(group)-1])
	for i, character := range group[:len(group)-1] {
		product := weights[i%2] * strings.IndexRune(alphabet, character)
		total += product>>5 + product&31
	}
	return total%32 == 0
}

func TestKeyOfAnotherLengthIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":     "",
		"16 bytes":    base64.StdEncoding.EncodeToString(make([]byte, 16)),
		"33 bytes":    base64.StdEncoding.EncodeToString(make([]byte, 33)),
		"not base64":  strings.Repeat("?", 44),
		"hexadecimal": strings.Repeat("0f", 32),
	} {
		t.Run(name, func(t *testing.T) {
			made, err := identityFromSeed(text)
			if err == nil || made != (pemIdentity{}) {
				t.Fatalf("got %+v, %v", made, err)
			}
			if text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
}
