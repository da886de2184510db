package metrics_test

import (
	"regexp"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/metrics"
)

func TestQuery(t *testing.T) {
	store := metrics.NewStore()
	now := time.Now()
	kept, err := store.Add(now, map[string]string{"cluster": "one"}, "# TYPE a gauge\na{b=\"c\"} 1\na{b=\"d\"} 0\nab 3\n", regexp.MustCompile("a|x"))
	if err != nil || len(kept) != 2 {
		t.Fatalf("kept %v: %v", kept, err)
	}
	store.Up(now, map[string]string{"cluster": "one"}, true)
	for query, want := range map[string]int{
		`a`: 2, `a == 1`: 1, `sum(a)`: 1, `ab`: 0, `up{cluster="one"}`: 1,
		`absent(a{cluster="two"})`: 1, `absent(a{b="d"} == 1)`: 1, `count(up == 0) or vector(0)`: 1,
	} {
		if found, err := store.Query(now.Add(time.Minute), query); err != nil || len(found) != want {
			t.Errorf("%s gives %v, want %d: %v", query, found, want, err)
		}
	}
	if found, err := store.Query(now.Add(10*time.Minute), `a`); err != nil || len(found) != 0 {
		t.Errorf("what has not been seen for five minutes is there: %v %v", found, err)
	}
	if _, err := store.Query(now, `sum(a`); err == nil {
		t.Error("accepts what is no PromQL")
	}
}
