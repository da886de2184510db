package times

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestWorkloadsAreToldByTheirNames(t *testing.T) {
	for name, want := range map[string]string{
		"tidb-europe-west1-pd": "pd", "tidb-europe-west1-tikv": "tikv", "tidb-europe-west1-tidb": "tidb",
		"tidb-europe-west1-database-init": "database-init", "nfs-europe-west10": "nfs", "syncthing-europe-west1": "syncthing",
		"wordpress-europe-west1": "wordpress", "wordpress-europe-west1-wordpress-install": "wordpress-install",
	} {
		var got []string
		for workload := range workloads {
			if part(name, workload) {
				got = append(got, workload)
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %v, want %s", name, got, want)
		}
	}
	for _, object := range []struct {
		kind string
		verb Verb
		want time.Duration
	}{
		{"StatefulSet", Create, request + workloads["pd"]},
		{"NetworkPolicy", Create, request},
		{"StatefulSet", Delete, request},
	} {
		if got := Kubernetes(object.kind, "tidb-europe-west1-pd", object.verb); got != object.want {
			t.Errorf("the %s of a %s takes %s, want %s", object.verb, object.kind, got, object.want)
		}
	}
}

func TestScale(t *testing.T) {
	const network = "gcp:compute/network:Network"
	if got, want := Scale(0.5).Google(network, Create), Google(network, Create)/2; got != want {
		t.Errorf("half of a network's creation is %s, want %s", got, want)
	}
	if got := Scale(0).Google(network, Create); got != 0 {
		t.Errorf("at scale 0, a network's creation takes %s", got)
	}
	if got := Scale(0.1).Speed(); got != 10 {
		t.Errorf("the speed at scale 0.1 is %v, want 10", got)
	}
	if got := Scale(0).Speed(); got != 0 {
		t.Errorf("the speed at scale 0 is %v, want 0: machines keep their own speed", got)
	}
}

func TestEveryOperationTakesTime(t *testing.T) {
	for token, e := range google {
		// Services are never disabled.
		if e.create <= 0 || e.update <= 0 || e.delete <= 0 && token != "gcp:projects/service:Service" {
			t.Errorf("an operation on %s takes no time: %+v", token, e)
		}
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for _, d := range []time.Duration{time.Hour, 0} {
		if err := (Wall{}).Sleep(ctx, d); !errors.Is(err, cause) {
			t.Errorf("a sleep of %s in an ended context returns %v, want %v", d, err, cause)
		}
	}
	if err := (Wall{}).Sleep(t.Context(), time.Millisecond); err != nil {
		t.Error(err)
	}
}
