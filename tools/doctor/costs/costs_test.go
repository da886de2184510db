package costs

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/googlecloud"
)

var update = flag.Bool("update", false, "write the table into docs/costs.md")

func load(t *testing.T, values map[string]string, set map[string]string) *config.Config {
	t.Helper()
	for key, value := range set {
		values["geo-wordpress:"+key] = value
	}
	c, err := config.Load(values, configtest.Project)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func of(t *testing.T, c *config.Config) Estimate {
	t.Helper()
	e, err := Of(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The dev stack, by hand.
func TestDevStack(t *testing.T) {
	e := of(t, load(t, configtest.Committed(t), nil))
	for name, pair := range map[string][2]float64{
		"clusters":      {e.Clusters, 3 * 73},
		"machines":      {e.Machines, 2 * 730 * (0.14743092 + 2*0.17267112) / 2},
		"disks":         {e.Disks, 100 * (0.10 + 2*0.12)},
		"NAT":           {e.NAT, 730 * (6*0.0014 + 3*0.005)},
		"load balancer": {e.LoadBalancer, 18.25},
		"free tier":     {e.Total() - e.WithFreeTier(), 74.40},
	} {
		if math.Abs(pair[0]-pair[1]) > 0.01 {
			t.Errorf("%s: got %.2f, want %.2f", name, pair[0], pair[1])
		}
	}
}

func TestUnknownPrices(t *testing.T) {
	c := load(t, configtest.Committed(t), map[string]string{"machineType": "n2-standard-4"})
	if _, err := Of(c); err == nil || !strings.Contains(err.Error(), "n2-standard-4") {
		t.Errorf("got %v", err)
	}
}

func TestEveryRegionHasPrices(t *testing.T) {
	for _, region := range googlecloud.Regions() {
		if inRegion[region].e2standard4Hour == 0 || inRegion[region].balancedGiBMonth == 0 {
			t.Errorf("%s has none", region)
		}
	}
}

// The page's table is what this package calculates. After a change: make reference.
func TestPage(t *testing.T) {
	const page, begin, end = "../../../docs/costs.md", "<!-- table: made by make reference -->\n", "<!-- end of table -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	want := before + begin + table(t) + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s is out of date: make reference", page)
	}
}

func table(t *testing.T) string {
	var b strings.Builder
	fmt.Fprint(&b, "| in dollars a month | machines | disks | clusters | NAT | load balancer | together | with the free tier |\n|---|---|---|---|---|---|---|---|\n")
	for _, row := range []struct {
		name   string
		values map[string]string
		set    map[string]string
	}{
		{"the dev stack: 2 e2-standard-2 a region", configtest.Committed(t), nil},
		{"the same, with 3 e2-standard-2", configtest.Committed(t), map[string]string{"nodesPerRegion": "3", "tolerateMachineLoss": "true"}},
		{"the default: 2 e2-standard-4, larger disks", configtest.Minimal(t), nil},
		{"the default in Iowa, Oregon and South Carolina", configtest.Minimal(t), map[string]string{"regions": `[{"name":"us-central1","zone":"us-central1-b"},{"name":"us-west1","zone":"us-west1-b"},{"name":"us-east1","zone":"us-east1-b"}]`}},
		{"the default with five regions", configtest.Minimal(t), map[string]string{"regions": `[{"name":"europe-west1","zone":"europe-west1-b"},{"name":"europe-west2","zone":"europe-west2-b"},{"name":"europe-west3","zone":"europe-west3-b"},{"name":"europe-west4","zone":"europe-west4-b"},{"name":"europe-west9","zone":"europe-west9-b"}]`}},
	} {
		e := of(t, load(t, row.values, row.set))
		fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.0f | %.0f | %.0f | **%.0f** | %.0f |\n", row.name, e.Machines, e.Disks, e.Clusters, e.NAT, e.LoadBalancer, e.Total(), e.WithFreeTier())
	}
	return b.String()
}
