package regions_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
)

func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		base  string
		index int
		want  string
	}{
		{"10.64.0.0/12", 0, "10.64.0.0/16"},
		{"10.64.0.0/12", 15, "10.79.0.0/16"},
		{"10.0.0.0/8", 255, "10.255.0.0/16"},
		{"10.255.0.0/16", 0, "10.255.0.0/16"},
	} {
		base := netip.MustParsePrefix(c.base)
		if got := regions.Block(base, c.index); got.String() != c.want {
			t.Errorf("block %d of %s is %s, want %s", c.index, base, got, c.want)
		}
		if last := regions.Blocks(base) - 1; c.index > last {
			t.Errorf("%s has blocks to %d, want %d", base, last, c.index)
		}
	}
}

func TestCheckBase(t *testing.T) {
	for _, c := range []struct {
		base    string
		regions int
		wrong   string
	}{
		{"10.64.0.0/14", 3, ""},
		{"10.64.0.0/14", 4, ""},
		{"10.64.0.0/14", 5, "/13 or larger"},
		{"10.64.0.0/13", 7, ""},
		{"10.0.0.0/8", 255, ""},
		{"10.0.0.0/8", 257, "has room for 256 of 257 regions"},
		{"10.252.0.0/14", 3, ""},
		{"11.0.0.0/12", 3, "inside 10.0.0.0/8"},
		{"9.0.0.0/7", 3, "inside 10.0.0.0/8"},
		{"10.64.0.1/12", 3, "write 10.64.0.0/12"},
	} {
		got := regions.CheckBase(netip.MustParsePrefix(c.base), c.regions)
		if (c.wrong == "") != (got == "") || !strings.Contains(got, c.wrong) {
			t.Errorf("%s for %d regions: %q, want %q", c.base, c.regions, got, c.wrong)
		}
	}
}

func TestBounded(t *testing.T) {
	if got := regions.Bounded(30, "nodes", "dev", "europe-west1"); got != "nodes-dev-europe-west1" {
		t.Errorf("a name that fits was made %q", got)
	}
	a := regions.Bounded(30, "nodes", "production", "northamerica-northeast1")
	b := regions.Bounded(30, "nodes", "production", "northamerica-northeast2")
	if len(a) > 30 || a == b || !strings.HasPrefix(a, "nodes-production-northa") {
		t.Errorf("got %q and %q", a, b)
	}
	if got := regions.Bounded(12, "four", "", "", "four", "four"); strings.Contains(got, "---") || len(got) > 12 {
		t.Errorf("got %q", got)
	}
}

// Two stacks of one project must not share service accounts, however similar their names are.
func TestServiceAccountsOfStacksDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, stack := range []string{"dev", "Dev", "DEV", "d.ev", "d_ev", "d-ev", "dev.", "dev-", "_", "..", "-",
		strings.Repeat("x", 40), strings.Repeat("x", 41)} {
		for _, region := range []string{"europe-west1", "europe-west10", "northamerica-northeast1"} {
			id := regions.ServiceAccountID("nodes", stack, region)
			if !googlecloud.ServiceAccountID.MatchString(id) {
				t.Errorf("stack %q: Google refuses %q", stack, id)
			}
			if other, ok := seen[id]; ok {
				t.Errorf("%q is of stack %q in %s and of %s", id, stack, region, other)
			}
			seen[id] = "stack " + stack + " in " + region
		}
	}
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

func ExampleServiceDNS() {
	region := regions.Region{Name: "europe-west1", DNSDomain: regions.DNSDomain("europe-west1")}
	fmt.Println(regions.ServiceDNS("pd", "database", region))
	// Output: pd.database.svc.europe-west1.geo-wordpress.local
}
