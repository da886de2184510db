package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"
)

// A Placement Driver may found a cluster only with all others, and only if no database stood when its region's part was
// declared. A region that is created again, or added, joins.
func TestFoundersAreRecordedBeforeThereIsADatabase(t *testing.T) {
	values := configtest.Committed(t)
	first, err := stacktest.Run(values, stacktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	later, err := stacktest.Run(values, stacktest.Options{Last: first})
	if err != nil {
		t.Fatal(err)
	}
	founders := func(g *stacktest.Graph, region string) string {
		for _, r := range g.Resources {
			if r.Name == "tidb-"+region+"-founders" {
				return fmt.Sprint(r.At("data.founders"))
			}
		}
		t.Fatalf("%s has no record", region)
		return ""
	}
	names := regionNames(t, values)
	for _, region := range names {
		for _, other := range names {
			member := "pd-" + other + "=https://pd.database.svc." + other
			if !strings.Contains(founders(first, region), member) {
				t.Errorf("the founders are %s in %s, without %s", founders(first, region), region, member)
			}
		}
		if all := founders(later, region); all != "" {
			t.Errorf("the database stands, and %s would found another with %s", region, all)
		}
	}
}
