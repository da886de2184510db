package sizing_test

import (
	"testing"

	"geo-wordpress/sizing"
)

func TestMostReplicas(t *testing.T) {
	least := sizing.Replicas{WordPress: 2, TiDB: 2}
	if got := (sizing.Growth{}).Most(least); got != least {
		t.Errorf("without growth %+v grow to %+v", least, got)
	}
	if got, want := (sizing.Growth{WordPress: 6, Nodes: 4}).Most(least), (sizing.Replicas{WordPress: 6, TiDB: 2}); got != want {
		t.Errorf("%+v grow to %+v, want %+v", least, got, want)
	}
}

// The load balancer must let a region grow to its last pod before it sends visitors away, however few machines it has by
// then; and a region that does not grow keeps its rate.
func TestARegionGrowsBeforeItsVisitorsAreSentAway(t *testing.T) {
	for least := 1; least <= 8; least++ {
		for most := least; most <= 60; most++ {
			for fewest := 1; fewest <= 6; fewest++ {
				for many := fewest; many <= 12; many++ {
					rate := sizing.GrowingRequestsPerMachine(least, most, fewest, many)
					if least == most && fewest == many && rate != sizing.RequestsPerMachine(least, fewest) {
						t.Fatalf("%d pods on %d machines, fixed: %v", least, fewest, rate)
					}
					if region := rate * float64(fewest); region < sizing.CallsForMore(most) {
						t.Fatalf("%d to %d pods on %d to %d machines: visitors go elsewhere at %v requests a second, the last pod is "+
							"called for at %v", least, most, fewest, many, region, sizing.CallsForMore(most))
					}
				}
			}
		}
	}
}

// A region must call for another pod well before its pods are busy.
func TestPodsCallForMoreInTime(t *testing.T) {
	for pods := 1; pods <= 10; pods++ {
		if calls, busy := sizing.CallsForMore(pods), sizing.RequestsPerMachine(pods, 1); calls > busy/2 {
			t.Errorf("%d pods call for another one at %v requests a second, and are busy at %v", pods, calls, busy)
		}
	}
}
