package certificates

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	seedA = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", seedBytes)))
	seedB = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("b", seedBytes)))
	names = []string{"tidb.database.svc.europe-west1.geo-wordpress.local", "localhost"}
)

func parse(t rapid.TB, text string) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(rest) > 0 {
		t.Fatalf("not one PEM block: %q", text)
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func moment(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(authorityFrom.Unix(), time.Date(2048, 6, 1, 0, 0, 0, 0, time.UTC).Unix()).Draw(t, "now"), 0)
}

// Whenever an update runs, its certificates are valid, and they stay so for a year without another update.
func TestCertificatesOutliveAYearWithoutUpdates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := moment(t)
		made, err := issue(seedA, seedB, names, now)
		if err != nil {
			t.Fatal(err)
		}
		leaf := parse(t, made.certificate)
		if leaf.NotBefore.After(now.Add(-margin)) || leaf.NotAfter.Before(now.AddDate(1, 0, -1)) {
			t.Fatalf("made at %v: valid from %v until %v", now, leaf.NotBefore, leaf.NotAfter)
		}
	})
}

// All updates of a window make the same bytes, and the next window's differ in the dates and the number only: a server may
// read the old key with the new certificate.
func TestAWindowHasOneCertificate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := moment(t)
		valid := validity(now)
		first, err := issue(seedA, seedB, names, valid.start)
		if err != nil {
			t.Fatal(err)
		}
		last, err := issue(seedA, seedB, names, valid.start.AddDate(0, windowMonths, 0).Add(-time.Nanosecond))
		if err != nil {
			t.Fatal(err)
		}
		if first != last {
			t.Fatal("the window's first and last certificates differ")
		}
		next, err := issue(seedA, seedB, names, valid.start.AddDate(0, windowMonths, 0))
		if err != nil {
			t.Fatal(err)
		}
		if next.key != first.key || next.certificate == first.certificate {
			t.Fatal("the next window must have a new certificate of the same key")
		}
		if a, b := parse(t, first.certificate), parse(t, next.certificate); a.SerialNumber.Cmp(b.SerialNumber) == 0 || !b.NotAfter.After(a.NotAfter) {
			t.Fatalf("%v until %v, then %v until %v", a.SerialNumber, a.NotAfter, b.SerialNumber, b.NotAfter)
		}
	})
}

// A certificate that servers have today must come out the same of every later version of the program and of Go: a difference
// would be a renewal that nobody asked for.
func TestCertificatesAreTheSameForEver(t *testing.T) {
	own, err := newAuthority(seedA)
	if err != nil {
		t.Fatal(err)
	}
	made, err := issue(seedA, seedB, names, time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"the authority":   {encode("CERTIFICATE", own.certificate.Raw), goldenAuthority},
		"the certificate": {made.certificate, goldenCertificate},
		"the key":         {made.key, goldenKey},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is\n%s", what, pair[0])
		}
	}
}

// The authority vouches for the database's names alone.
func TestTheAuthorityVouchesForItsNamesOnly(t *testing.T) {
	now := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"www.example.com", "geo-wordpress.local.example.com", "smtp.example.net", "pd"} {
		if _, err := issue(seedA, seedB, []string{name}, now); err == nil {
			t.Errorf("it vouches for %s", name)
		}
	}
	if _, err := issue(seedA, seedB, names, authorityUntil); err == nil || !strings.Contains(err.Error(), "expires on 2050-01-01") {
		t.Errorf("after its own end: %v", err)
	}
}

func TestKeysAreOfTheirSeeds(t *testing.T) {
	for _, seed := range []string{"", "%%%", base64.StdEncoding.EncodeToString([]byte("short")), seedA + seedA} {
		if _, _, err := privateKey(seed); err == nil || strings.Contains(err.Error(), "short") {
			t.Errorf("%q: %v", seed, err)
		}
	}
	a, _, err := privateKey(seedA)
	if err != nil {
		t.Fatal(err)
	}
	if b, _, err := privateKey(seedB); err != nil || a.Equal(b) {
		t.Errorf("two seeds have one key: %v", err)
	}
}
