package googlecloud_test

import (
	"strings"
	"testing"

	"geo-wordpress/googlecloud"
)

func TestName(t *testing.T) {
	for name, ok := range map[string]bool{
		"a": true, "a-1": true,
		"": false, "1a": false, "-a": false, "a-": false, "A": false, "a_b": false, "a.b": false, "ä": false,
	} {
		if got := googlecloud.Name.MatchString(name); got != ok {
			t.Errorf("%q: %t", name, got)
		}
	}
}

func TestIDs(t *testing.T) {
	for id, ok := range map[string]bool{
		"geo-wordpress": true, "a1234-": false, "a12345": true, "a1234": false, "1a2345": false, "A12345": false,
		strings.Repeat("a", googlecloud.MaxServiceAccountID): true, strings.Repeat("a", 31): false,
	} {
		if project, account := googlecloud.ProjectID.MatchString(id), googlecloud.ServiceAccountID.MatchString(id); project != ok || account != ok {
			t.Errorf("%q: project %t, service account %t, want %t", id, project, account, ok)
		}
	}
}
