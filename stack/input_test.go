package stack_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"
)

// A bad configuration is refused before any resource is registered, and every mistake is reported.
func TestBadInputRegistersNothing(t *testing.T) {
	for _, bad := range configtest.Bad(t) {
		for _, preview := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/preview=%v", bad.Name, preview), func(t *testing.T) {
				g, err := stacktest.Run(bad.Values, stacktest.Options{Preview: preview})
				if err == nil {
					t.Fatal("the program took it")
				}
				for _, mistake := range bad.Want {
					if !containsAll(err.Error(), mistake.Key, mistake.Fragment) {
						t.Errorf("the error does not say %s %s: %v", mistake.Key, mistake.Fragment, err)
					}
				}
				for _, r := range g.Resources {
					if r.Type != stacktest.StackType {
						t.Errorf("registered all the same: %s", r)
					}
				}
			})
		}
	}
}

// An encrypted value would end up in plain text in a manifest.
func TestEncryptedConfigurationRegistersNothing(t *testing.T) {
	key := configtest.Project + ":wordpressImage"
	g, err := stacktest.Run(configtest.Committed(t), stacktest.Options{SecretKeys: []string{key}})
	if err == nil || !containsAll(err.Error(), key, "encrypted") {
		t.Fatalf("got %v, want that %s is encrypted", err, key)
	}
	if len(g.Resources) != 1 {
		t.Errorf("%d resources were registered, want the stack alone", len(g.Resources))
	}
}

// Whichever registration fails, the program returns its error: it does not panic, hang or succeed. Resources that
// depend on the failed one are not registered.
func TestEveryFailedRegistrationIsReported(t *testing.T) {
	values := configurations(t)["with a site"]
	all, err := stacktest.Run(values, stacktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	others := regionNames(t, values)[1:]
	for _, victim := range all.Resources {
		if testing.Short() && all.Region(victim, others) != "" {
			continue // the same as the first region's
		}
		t.Run(victim.String(), func(t *testing.T) {
			t.Parallel()
			quota := errors.New("quota exceeded for " + victim.Name)
			g, err := stacktest.Run(values, stacktest.Options{Fail: func(r *stacktest.Resource) error {
				if r.URN == victim.URN {
					return quota
				}
				return nil
			}})
			if err == nil || !strings.Contains(err.Error(), quota.Error()) {
				t.Fatalf("the program returned %v", err)
			}
			for _, r := range g.Resources {
				if r.URN == victim.URN || all.Closure(all.Get(r.URN))[victim] {
					t.Errorf("%s was registered without %s", r, victim)
				}
			}
		})
	}
}

func regionNames(t *testing.T, values map[string]string) []string {
	t.Helper()
	config, err := config.Load(values, configtest.Project)
	if err != nil {
		t.Fatal(err)
	}
	return (&system{config: config}).names()
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
