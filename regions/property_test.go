package regions_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"geo-wordpress/regions"
	"geo-wordpress/regions/regionstest"
)

func valid(t *rapid.T) (map[string]string, *regions.Config) {
	values := regionstest.ValidConfig(t)
	config, err := regions.Load(values, regionstest.Project)
	if err != nil {
		t.Fatalf("a valid configuration was refused: %v", err)
	}
	return values, config
}

func TestLoadIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, first := valid(t)
		for range 3 {
			again, err := regions.Load(values, regionstest.Project)
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

// The firewall's ranges cover every pod and node, and no service or control plane.
func TestFirewallRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, config := valid(t)
		pods, clusters := config.PodRanges(), config.ClusterRanges()
		if len(pods) != len(config.Regions) || len(clusters) != 2*len(config.Regions) {
			t.Fatalf("%d and %d ranges of %d regions", len(pods), len(clusters), len(config.Regions))
		}
		covers := func(list []netip.Prefix, prefix netip.Prefix) bool {
			for _, other := range list {
				if other.Overlaps(prefix) {
					return true
				}
			}
			return false
		}
		for _, region := range config.Regions {
			r := region.Ranges
			if !covers(pods, r.Pods) || !covers(clusters, r.Pods) || !covers(clusters, r.Nodes) {
				t.Fatalf("%s is missing from %v or %v", region.Name, pods, clusters)
			}
			if covers(pods, r.Nodes) || covers(clusters, r.Services) || covers(clusters, r.ControlPlane) {
				t.Fatalf("too much of %s is in %v or %v", region.Name, pods, clusters)
			}
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
						if label == "" || len(label) > regions.MaxName {
							t.Fatalf("label %q of %s", label, name)
						}
					}
					distinct[name] = true
				}
			}
			id := regions.ServiceAccountID("nodes", stack, region.Name)
			if err := regions.CheckName(id, regions.MaxServiceAccountID); err != nil || len(id) < regions.MinServiceAccountID {
				t.Fatalf("service account %q: %v", id, err)
			}
			if distinct[id] {
				t.Fatalf("service account %q is of two regions", id)
			}
			distinct[id] = true
		}
	})
}

// Adding a region must not move the ranges of another: a subnetwork in use cannot change them.
func TestAnotherRegionMovesNoRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := netip.PrefixFrom(netip.MustParseAddr("10.0.0.0"), rapid.IntRange(8, 13).Draw(t, "length"))
		index := rapid.IntRange(0, 6).Draw(t, "index")
		want := regions.Plan(regions.Block(base, index))
		larger := netip.PrefixFrom(base.Addr(), base.Bits()-rapid.IntRange(0, base.Bits()-8).Draw(t, "more"))
		if got := regions.Plan(regions.Block(larger, index)); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// Any text for any key must give a configuration or problems, each with a key and a remedy, and never a panic.
func TestAnyTextIsAcceptedOrExplained(t *testing.T) {
	committed := regionstest.Committed(t)
	var names []string
	for name := range regions.Keys() {
		names = append(names, regionstest.Project+":"+name)
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
		config, err := regions.Load(values, regionstest.Project)
		if err == nil {
			if config == nil {
				t.Fatal("neither a configuration nor an error")
			}
			return
		}
		problems := err.(regions.Problems)
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

func ExampleServiceDNS() {
	region := regions.Region{Name: "europe-west1", DNSDomain: regions.DNSDomain("europe-west1")}
	fmt.Println(regions.ServiceDNS("pd", "database", region))
	// Output: pd.database.svc.europe-west1.geo-wordpress.local
}
