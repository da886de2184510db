package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	configCommand = regexp.MustCompile("pulumi config (?:set|get|rm) ((?:--[a-z]+ )*)['\"]?([A-Za-z:-]+)")
	makeCommand   = regexp.MustCompile("(?:`|&& |^|GEO_FAULTS=4 )make ([a-z][a-z -]*)")
	pdCommand     = regexp.MustCompile("-- /pd-ctl ")
	pdIdentity    = regexp.MustCompile("/pd-ctl -u https://localhost:2379 (--cacert|CERTIFICATE) ")
	target        = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
)

// The pages name only configuration keys and targets of make that there are, and PD is asked as it wants to be.
func TestCommands(t *testing.T) {
	declared, err := os.ReadFile(filepath.Join(repository, "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sections, err := parse(declared)
	if err != nil {
		t.Fatal(err)
	}
	var keys, targets []string
	for _, s := range sections {
		for _, k := range s.keys {
			keys = append(keys, k.name)
		}
	}
	makefile, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, match[1])
	}
	seen := 0
	for _, file := range markdown(t) {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			continue // deleted, and not committed yet
		}
		for _, line := range strings.Split(string(text), "\n") {
			for _, match := range configCommand.FindAllStringSubmatch(line, -1) {
				seen++
				if key := strings.TrimPrefix(match[2], "geo-wordpress:"); !slices.Contains(keys, key) {
					t.Errorf("%s: no such key: %s", file, match[0])
				}
			}
			if pdCommand.MatchString(line) && !pdIdentity.MatchString(line) {
				t.Errorf("%s: PD refuses who has no certificate: %s", file, line)
			}
			for _, match := range makeCommand.FindAllStringSubmatch(line, -1) {
				name := strings.Fields(match[1])[0]
				if seen++; !slices.Contains(targets, name) {
					t.Errorf("%s: no such target: make %s", file, name)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d commands found", seen)
	}
}
