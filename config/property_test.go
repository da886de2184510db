package config_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
)

func valid(t *rapid.T) (map[string]string, *config.Config) {
	values := configtest.ValidConfig(t)
	config, err := config.Load(values, configtest.Project)
	if err != nil {
		t.Fatalf("a valid configuration was refused: %v", err)
	}
	return values, config
}

func TestLoadIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, first := valid(t)
		for range 3 {
			again, err := config.Load(values, configtest.Project)
			if err != nil || !reflect.DeepEqual(first, again) {
				t.Fatalf("first %+v, then %+v, %v", first, again, err)
			}
		}
	})
}

func TestRangesAreDisjointAndInsideTheBase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, config := valid(t)
		base := netip.MustParsePrefix(values["geo-wordpress:addressBase"])
		seen := map[netip.Prefix]string{}
		for _, region := range config.Regions {
			r := region.Ranges
			for what, prefix := range map[string]netip.Prefix{
				"nodes": r.Nodes, "pods": r.Pods, "services": r.Services, "control plane": r.ControlPlane,
			} {
				what = region.Name + " " + what
				if prefix != prefix.Masked() || !prefix.IsValid() {
					t.Fatalf("%s: %s is no aligned range", what, prefix)
				}
				if !base.Contains(prefix.Addr()) || !base.Contains(last(prefix)) {
					t.Fatalf("%s: %s is not inside %s", what, prefix, base)
				}
				for other, whose := range seen {
					if other.Overlaps(prefix) {
						t.Fatalf("%s: %s overlaps %s, %s", what, prefix, whose, other)
					}
				}
				seen[prefix] = what
			}
			// Sizes that the configuration's limits rely on.
			if got := 1 << (24 - r.Pods.Bits()); got <= region.Nodes {
				t.Fatalf("%s: room for the pods of %d nodes, and there are %d and one for upgrades", region.Name, got, region.Nodes)
			}
			if got := 1<<(32-r.Nodes.Bits()) - 4; got <= region.Nodes {
				t.Fatalf("%s: %d addresses for %d nodes and one for upgrades", region.Name, got, region.Nodes)
			}
			if r.ControlPlane.Bits() != 28 {
				t.Fatalf("%s: a control plane of %s, and GKE takes a /28", region.Name, r.ControlPlane)
			}
		}
		if want := 4 * len(config.Regions); len(seen) != want {
			t.Fatalf("%d ranges, want %d", len(seen), want)
		}
	})
}

func TestNamesAreWithinLimitsAndDistinct(t *testing.T) {
	stacks := rapid.OneOf(rapid.SampledFrom([]string{"dev", "prod"}), rapid.StringMatching(`[A-Za-z0-9_.-]{1,100}`))
	rapid.Check(t, func(t *rapid.T) {
		_, config := valid(t)
		stack := stacks.Draw(t, "stack")
		distinct := map[string]bool{}
		for _, region := range config.Regions {
			for _, service := range []string{"pd", "tikv", "tidb", "syncthing"} {
				for _, namespace := range []string{config.Namespaces.Database, config.Namespaces.Files} {
					name := regions.ServiceDNS(service, namespace, region)
					if len(name) > 253 || distinct[name] {
						t.Fatalf("%q is too long or not unique", name)
					}
					for _, label := range strings.Split(name, ".") {
						if label == "" || len(label) > googlecloud.MaxName {
							t.Fatalf("label %q of %s", label, name)
						}
					}
					distinct[name] = true
				}
			}
			id := regions.ServiceAccountID("nodes", stack, region.Name)
			if !googlecloud.ServiceAccountID.MatchString(id) {
				t.Fatalf("Google refuses the service account %q", id)
			}
			if distinct[id] {
				t.Fatalf("service account %q is of two regions", id)
			}
			distinct[id] = true
		}
	})
}

// Any text for any key must give a configuration or problems, each with a key and a remedy, and never a panic.
func TestAnyTextIsAcceptedOrExplained(t *testing.T) {
	committed := configtest.Committed(t)
	var names []string
	for name := range config.Keys() {
		names = append(names, configtest.Project+":"+name)
	}
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"null", "[]", "{}", "[[]]", `[{"name":[]}]`, "0", "1e999",
		`[{"name":"europe-west1","zone":null,"nodes":{},"machineType":[],"addresses":1}]`, "NaN", "-0", `"x"`, "[1,", "\x00"}))
	rapid.Check(t, func(t *rapid.T) {
		values := map[string]string{}
		for key, value := range committed {
			values[key] = value
		}
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			values[rapid.SampledFrom(names).Draw(t, "key")] = text.Draw(t, "text")
		}
		loaded, err := config.Load(values, configtest.Project)
		if err == nil {
			if loaded == nil {
				t.Fatal("neither a configuration nor an error")
			}
			return
		}
		problems := err.(config.Problems)
		if lines := strings.Count(err.Error(), "\n"); lines != len(problems) || len(problems) == 0 {
			t.Fatalf("%d lines for %d problems:\n%v", lines, len(problems), err)
		}
		for _, problem := range problems {
			if problem.Key == "" || problem.Allowed == "" {
				t.Fatalf("%+v", problem)
			}
		}
	})
}

func last(prefix netip.Prefix) netip.Addr {
	four := prefix.Addr().As4()
	for bit := prefix.Bits(); bit < 32; bit++ {
		four[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(four)
}
