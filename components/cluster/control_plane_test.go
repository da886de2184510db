package cluster

import (
	"testing"
	"time"

	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// window returns the start and end of a region's weekly maintenance window, counted from Monday 00:00.
func window(t *testing.T, index int) (from, to time.Duration) {
	t.Helper()
	args := maintenance(regions.Region{Index: index}).RecurringWindow.(*container.ClusterMaintenancePolicyRecurringWindowArgs)
	text := func(s pulumi.StringInput) string { return string(s.(pulumi.String)) }
	var times [2]time.Time
	for i, value := range []pulumi.StringInput{args.StartTime, args.EndTime} {
		at, err := time.Parse(time.RFC3339, text(value))
		if err != nil {
			t.Fatal(err)
		}
		times[i] = at
	}
	days := map[string]int{"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
	recurrence := text(args.Recurrence)
	day, ok := days[recurrence[len(recurrence)-2:]]
	if !ok || recurrence[:len(recurrence)-2] != "FREQ=WEEKLY;BYDAY=" {
		t.Fatalf("the recurrence is %s", recurrence)
	}
	midnight := times[0].Truncate(24 * time.Hour)
	from = time.Duration(day)*24*time.Hour + times[0].Sub(midnight)
	return from, from + times[1].Sub(times[0])
}

// GKE upgrades only inside the windows: overlapping windows could stop two of three voters at once.
func TestMaintenanceWindowsDoNotOverlap(t *testing.T) {
	const regionsWithAWindow = 14
	for i := range regionsWithAWindow {
		from, to := window(t, i)
		// GKE requires at least 48 hours in any 32 days, which hold each weekday four times.
		if 4*(to-from) < 48*time.Hour {
			t.Errorf("region %d has a window of %s, which GKE refuses", i, to-from)
		}
		if to > 7*24*time.Hour {
			t.Errorf("region %d's window goes on into the next week", i)
		}
		for j := range i {
			otherFrom, otherTo := window(t, j)
			if from < otherTo && otherFrom < to {
				t.Errorf("regions %d and %d have windows from %s to %s and from %s to %s", i, j, from, to, otherFrom, otherTo)
			}
		}
	}
}
