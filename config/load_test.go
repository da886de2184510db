package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
)

// Each bad configuration must report exactly its own mistakes, each with its key and the reason on one line.
func TestBadConfigurations(t *testing.T) {
	bad := configtest.Bad(t)
	names := map[string]bool{}
	for _, bad := range bad {
		if names[bad.Name] {
			t.Errorf("%q is in the table twice", bad.Name)
		}
		names[bad.Name] = true
		t.Run(bad.Name, func(t *testing.T) {
			loaded, err := config.Load(bad.Values, configtest.Project)
			var problems config.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v with error %v, want Problems", loaded, err)
			}
			if loaded != nil {
				t.Errorf("got a configuration beside the error: %+v", loaded)
			}
			if err := compare(problems, bad.Want); err != nil {
				t.Errorf("%v\n%v", err, problems)
			}
			if got := strings.Count(err.Error(), "\n"); got != len(bad.Want) {
				t.Errorf("the text has %d lines for %d mistakes:\n%v", got, len(bad.Want), err)
			}
		})
	}
}

// compare says whether the problems are exactly those wanted, in any order.
func compare(problems config.Problems, want []configtest.Mistake) error {
	left := append([]configtest.Mistake(nil), want...)
next:
	for _, problem := range problems {
		for i, mistake := range left {
			if problem.Key == mistake.Key && strings.Contains(problem.String(), mistake.Fragment) {
				left = append(left[:i], left[i+1:]...)
				continue next
			}
		}
		return fmt.Errorf("not wanted: %v", problem)
	}
	if len(left) > 0 {
		return fmt.Errorf("not reported: %+v", left)
	}
	return nil
}
