package stack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var alikeRules = []invariant{
	{"regions are alike but for what names them", regionsAreAlike},
	{"maintenance windows are apart", maintenanceWindowsAreApart},
}

// regionsAreAlike replaces region-specific names with placeholders ($self for a region's own, $peer for another's) and
// compares the regions. It skips what exists in one region only, and what a region's configuration sets.
func regionsAreAlike(t rapid.TB, s *system) {
	if s.Preview {
		return // a preview does not know much of it
	}
	first := s.neutral(t, s.config.Regions[0])
	for _, region := range s.config.Regions[1:] {
		other := s.neutral(t, region)
		for _, name := range slices.Sorted(maps.Keys(first)) {
			once := strings.Contains(name, "database-init Job") || strings.HasPrefix(name, "replication-") || strings.HasPrefix(name, "leaders-") || strings.HasPrefix(name, "collected") || strings.Contains(name, "database-reader ")
			if _, ok := other[name]; !ok && !once {
				t.Errorf("%s has no %s, and %s has", region.Name, name, s.config.Regions[0].Name)
			} else if ok && other[name] != first[name] {
				here, there := firstDifference(first[name], other[name])
				t.Errorf("%s differs:\n%s: %s\n%s: %s", name, s.config.Regions[0].Name, here, region.Name, there)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(other)) {
			if _, ok := first[name]; !ok {
				t.Errorf("%s has %s, and %s has not", region.Name, name, s.config.Regions[0].Name)
			}
		}
	}
}

// firstDifference returns the first line in which two texts differ.
func firstDifference(a, b string) (string, string) {
	one, other := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(one), len(other)) {
		if one[i] != other[i] {
			return one[i], other[i]
		}
	}
	return fmt.Sprintf("%d lines", len(one)), fmt.Sprintf("%d lines", len(other))
}

// neutral is a region's resources as text, by name, with placeholders.
func (s *system) neutral(t rapid.TB, region regions.Region) map[string]string {
	words := s.words(region)
	all := map[string]string{}
	for _, r := range s.in(region) {
		inputs := neutralValue(r.Plain(), words).(map[string]any)
		if r.Type == stacktest.PoolType {
			delete(inputs, "nodeCount")
			delete(inputs, "autoscaling")
			delete(inputs["nodeConfig"].(map[string]any), "machineType")
		}
		if template, ok := r.At("spec.template.metadata.labels").(map[string]any); ok && strings.HasSuffix(fmt.Sprint(template["app.kubernetes.io/name"]), "gate") {
			pod := inputs["spec"].(map[string]any)["template"].(map[string]any)["metadata"].(map[string]any)
			delete(pod, "annotations") // a fingerprint of machines or of a server
		}
		if r.Kind() == "Deployment" && r.ObjectName() == "tidb" {
			pod := inputs["spec"].(map[string]any)["template"].(map[string]any)["metadata"].(map[string]any)
			delete(pod, "annotations") // the certificate's fingerprint
		}
		if r.Type == stacktest.ClusterType {
			delete(inputs, "maintenancePolicy")
		}
		text, err := json.MarshalIndent(inputs, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		var waits []string
		for _, urn := range r.Dependencies {
			if d := s.Get(urn); d.Kind() != "Job" && (s.regionOf(d) == region.Name || s.regionOf(d) == "") {
				waits = append(waits, words.Replace(d.Name)+" "+d.Kind())
			}
		}
		slices.Sort(waits)
		key := words.Replace(r.Name) + " " + r.Kind()
		all[key] = fmt.Sprintf("%s\nafter %v", text, waits)
	}
	return all
}

// words returns the placeholders for all region-specific names, as one region sees them. Longer names go first:
// europe-west1 is a prefix of europe-west10.
func (s *system) words(self regions.Region) *words {
	pairs, zones := map[string]string{}, map[string]string{}
	for _, region := range s.config.Regions {
		who := "$peer"
		if region.Name == self.Name {
			who = "$self"
		}
		for _, r := range s.in(region) {
			for _, output := range []string{"name", "accountId", "email", "member", "endpoint", "result", "base64"} {
				if text := r.Output(output); r.Custom && !r.IsKubernetes() && text != "" && r.Kind() != "InstanceGroupNamedPort" {
					pairs[text] = who + "(" + r.Kind() + ")"
				}
			}
			if name := r.ObjectName(); name != stacktest.Unknown && r.Metadata().Name == "" {
				pairs[name] = who + "(name of " + r.Kind() + ")"
			}
			if spec, ok := r.Outputs["spec"]; ok && r.At("spec.volumeName") == nil && r.Kind() == "PersistentVolumeClaim" {
				pairs[stacktest.Plain(spec).(map[string]any)["volumeName"].(string)] = who + "(volume)"
			}
		}
		pairs[s.deviceID(region)] = who + "(device)"
		pairs[region.Name], pairs[region.DNSDomain] = who, who+".domain"
		zones[region.Zone] = who + "-zone"
		for part, p := range map[string]string{
			"pods": region.Ranges.Pods.String(), "nodes": region.Ranges.Nodes.String(),
			"services": region.Ranges.Services.String(), "control plane": region.Ranges.ControlPlane.String(),
		} {
			pairs[p] = who + "(" + part + ")"
		}
	}
	var ordered, zoneForms []string
	for _, old := range slices.SortedFunc(maps.Keys(pairs), func(a, b string) int { return len(b) - len(a) }) {
		ordered = append(ordered, old, pairs[old])
	}
	for _, region := range s.config.Regions {
		zoneForms = append(zoneForms, region.Zone)
	}
	return &words{
		zones: regexp.MustCompile(`\b(` + strings.Join(zoneForms, "|") + `)\b`),
		zone:  zones,
		rest:  strings.NewReplacer(ordered...),
	}
}

// words maps region-specific names to placeholders.
type words struct {
	zones *regexp.Regexp
	zone  map[string]string
	rest  *strings.Replacer
}

// Replace rewrites a text. Zones match as whole words: europe-west1-c is not in europe-west1-config.
func (w *words) Replace(text string) string {
	return w.rest.Replace(w.zones.ReplaceAllStringFunc(text, func(zone string) string { return w.zone[zone] }))
}

func (s *system) deviceID(region regions.Region) string {
	return stacktest.Plain(s.Stack().Outputs["syncthing_devices"]).(map[string]any)[region.Name].(string)
}

var (
	pemBlock     = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----`)
	authority    = regexp.MustCompile(`"certificate-authority-data": "[^"]*"`)
	argumentName = regexp.MustCompile(`^--[a-z-]+=`)
	separator    = regexp.MustCompile(`[\n, ]+`)
)

// neutralValue rewrites a value. A text that names several regions lists them in the configuration's order, in which
// self is at another place in each region, so its parts are sorted.
func neutralValue(v any, words *words) any {
	switch v := v.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, item := range v {
			object[words.Replace(name)] = neutralValue(item, words)
		}
		return object
	case []any:
		var list []any
		for _, item := range v {
			list = append(list, neutralValue(item, words))
		}
		return list
	case string:
		text := pemBlock.ReplaceAllString(authority.ReplaceAllString(v, "$$authority"), "$$pem")
		text = words.Replace(text)
		if strings.Contains(text, "$self") && strings.Contains(text, "$peer") {
			flag := argumentName.FindString(text)
			parts := separator.Split(strings.TrimPrefix(text, flag), -1)
			slices.Sort(parts)
			return flag + strings.Join(parts, " ")
		}
		return text
	}
	return v
}

// maintenanceWindowsAreApart: maintenance in two regions at once would stop two of three voters.
func maintenanceWindowsAreApart(t rapid.TB, s *system) {
	seen := map[string]*stacktest.Resource{}
	for _, r := range s.Of(stacktest.ClusterType) {
		window, err := json.Marshal(r.At("maintenancePolicy.recurringWindow"))
		if err != nil {
			t.Fatal(err)
		}
		if string(window) == "null" {
			t.Errorf("%s may be upgraded at any time", r)
		}
		if other := seen[string(window)]; other != nil {
			t.Errorf("%s and %s have the same window: %s", r, other, window)
		}
		seen[string(window)] = r
	}
}
