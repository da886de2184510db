package monitoring

import (
	"testing"
	"time"

	"geo-wordpress/config"
)

// An alert must not come while each backup begins in time.
func TestBackupAge(t *testing.T) {
	const day = 24 * time.Hour
	for schedule, want := range map[string]time.Duration{
		"0 3 * * *":    day,
		"*/30 * * * *": 30 * time.Minute,
		"0 3 * * 0":    7 * day,
		"0 3 * * 1-5":  3 * day,
		"0 3 1 * *":    31 * day,
		"0 3 31 * *":   61 * day, // from March to May
		"@daily":       day,
		"0 3 29 2 *":   4*365*day + day,
	} {
		if got := backupAge(&config.Backup{Schedule: schedule}) - 12*time.Hour; got != want {
			t.Errorf("%s: %s, want %s", schedule, got, want)
		}
	}
}

// A label is one that Google accepts, whatever the stack is called.
func TestLabel(t *testing.T) {
	for stack, want := range map[string]string{
		"dev": "dev", "Prod.EU": "prod-eu", "a_b-c": "a_b-c",
		"a-very-long-name-of-a-stack-that-somebody-has-thought-of-on-a-friday-afternoon": "a-very-long-name-of-a-stack-that-somebody-has-thought-of-on-a-f",
	} {
		if got := label(stack); got != want {
			t.Errorf("%s becomes %s, want %s", stack, got, want)
		}
	}
}

// A matcher is a regular expression for the clusters' names and nothing else.
func TestMatcher(t *testing.T) {
	got := scope{clusters: []string{"cluster-a", "cluster-b"}}.in("up{$in}[$recent] < $all")
	if want := `up{cluster=~"cluster-a|cluster-b"}[2m] < 0`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
