package googlecloud_test

import (
	"strings"
	"testing"

	"geo-wordpress/googlecloud"
)

func TestLookupMachineType(t *testing.T) {
	for _, known := range googlecloud.MachineTypes("") {
		if got, err := googlecloud.LookupMachineType(known.Name); err != nil || got != known {
			t.Errorf("%s: got %+v, %v", known.Name, got, err)
		}
	}
	for name, want := range map[string]string{
		"": "must be a machine type", "e2": "must be a machine type", "e2-standard": "must be a machine type",
		"n9-standard-4": "must be a machine type", "e2-medium-2": "must be a machine type",
		"e2-standard-3":  "has no such size: the vCPUs of e2-standard are 2, 4, 8, 16, 32",
		"e2-standard-02": "has no such size", "e2-standard--2": "must be a machine type",
	} {
		if got, err := googlecloud.LookupMachineType(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v, %v, want %q", name, got, err, want)
		}
	}
	// Compute Engine's figure for this type is in whole MiB.
	if got, _ := googlecloud.LookupMachineType("n1-highcpu-2"); got.Memory != 1843<<20 {
		t.Errorf("n1-highcpu-2 has %d MiB, want 1843", got.Memory>>20)
	}
}
