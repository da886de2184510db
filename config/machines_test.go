package config_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/googlecloud"
)

// With tolerateMachineLoss, a configuration that would not survive the loss of a machine is refused, with a remedy.
func TestMachinesTooFewForALoss(t *testing.T) {
	for name, c := range map[string]struct{ machine, nodes, want string }{
		"larger machines": {"e2-standard-2", "2", `take e2-standard-4 or larger`},
		"more machines":   {"e2-standard-4", "1", `no e2-standard is large enough for 1 node: take 2 nodes`},
	} {
		values := configtest.Committed(t)
		values["geo-wordpress:machineType"], values["geo-wordpress:nodesPerRegion"] = c.machine, c.nodes
		values["geo-wordpress:tolerateMachineLoss"] = "true"
		_, err := config.Load(values, configtest.Project)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "tolerateMachineLoss") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		values["geo-wordpress:tolerateMachineLoss"] = "false"
		if _, err := config.Load(values, configtest.Project); err != nil {
			t.Errorf("%s: refused without tolerateMachineLoss: %v", name, err)
		}
	}
}

// The remedy that an error names must work, and be the smallest: the smallest type of the class, or the fewest nodes.
func TestTheRemedyHelps(t *testing.T) {
	larger := regexp.MustCompile(`take ([a-z0-9]+-[a-z]+-[0-9]+) or larger`)
	more := regexp.MustCompile(`take ([0-9]+) nodes or fewer`)
	tried := map[string]int{}
	for _, machine := range googlecloud.MachineTypes("") {
		for nodes, replicas := range map[int]string{1: "100", 2: "20", 3: "30"} { // 100 are too many pods for any one node
			values := configtest.Committed(t)
			values["geo-wordpress:machineType"], values["geo-wordpress:nodesPerRegion"] = machine.Name, fmt.Sprint(nodes)
			values["geo-wordpress:wordpressReplicas"] = replicas
			_, err := config.Load(values, configtest.Project)
			if err == nil {
				continue
			}
			text := err.Error()
			if match := larger.FindStringSubmatch(text); match != nil {
				tried["larger"]++
				for _, other := range googlecloud.MachineTypes(machine.Class) {
					values["geo-wordpress:machineType"] = other.Name
					_, err := config.Load(values, configtest.Project)
					if other.Name == match[1] && err != nil {
						t.Errorf("%v\nbut then %v", text, err)
					}
					if other.Name == match[1] {
						break
					}
					if err == nil {
						t.Errorf("%v\nbut %s does", text, other.Name)
					}
				}
			} else if match := more.FindStringSubmatch(text); match != nil {
				tried["more"]++
				values["geo-wordpress:nodesPerRegion"] = match[1]
				if _, err := config.Load(values, configtest.Project); err != nil {
					t.Errorf("%v\nbut then %v", text, err)
				}
			}
		}
	}
	if tried["larger"] == 0 || tried["more"] == 0 {
		t.Errorf("not every way out was tried: %v", tried)
	}
}
