package main

import (
	"encoding/json"
	"strings"

	"geo-wordpress/googlecloud"
)

// held is what the stack has already, by its state: Google counts it as used, so the quotas need only have room for the rest.
// Of a stack that does not exist it is nothing.
type held struct {
	machines map[string]pool // by region
	dataGiB  map[string]int  // data disks by region
	// counts are the numbers of resources by the quota that counts them.
	counts   map[string]int
	networks map[string]bool // by name
}

// pool is a node pool's machines.
type pool struct{ nodes, vcpus, bootGiB int }

// quotaOf is the quota that counts a resource type of the gcp provider.
var quotaOf = map[string]string{
	"gcp:compute/network:Network":                           "NETWORKS",
	"gcp:compute/subnetwork:Subnetwork":                     "SUBNETWORKS",
	"gcp:compute/router:Router":                             "ROUTERS",
	"gcp:compute/firewall:Firewall":                         "FIREWALLS",
	"gcp:compute/globalAddress:GlobalAddress":               "STATIC_ADDRESSES",
	"gcp:compute/backendService:BackendService":             "BACKEND_SERVICES",
	"gcp:compute/uRLMap:URLMap":                             "URL_MAPS",
	"gcp:compute/healthCheck:HealthCheck":                   "HEALTH_CHECKS",
	"gcp:compute/securityPolicy:SecurityPolicy":             policies,
	"gcp:compute/targetHttpProxy:TargetHttpProxy":           "TARGET_HTTP_PROXIES",
	"gcp:compute/targetHttpsProxy:TargetHttpsProxy":         "TARGET_HTTPS_PROXIES",
	"gcp:compute/globalForwardingRule:GlobalForwardingRule": "GLOBAL_EXTERNAL_MANAGED_FORWARDING_RULES",
}

// heldBy reads the output of `pulumi stack export`.
func heldBy(exported []byte) held {
	h := held{machines: map[string]pool{}, dataGiB: map[string]int{}, counts: map[string]int{}, networks: map[string]bool{}}
	var state struct {
		Deployment struct {
			Resources []struct {
				Type    string
				ID      string
				Outputs json.RawMessage
			}
		}
	}
	if json.Unmarshal(exported, &state) != nil {
		return h
	}
	for _, r := range state.Deployment.Resources {
		if r.ID == "" {
			continue
		}
		if quota := quotaOf[r.Type]; quota != "" {
			h.counts[quota]++
		}
		switch r.Type {
		case "gcp:compute/network:Network":
			h.networks[r.ID[strings.LastIndex(r.ID, "/")+1:]] = true
		case "gcp:compute/securityPolicy:SecurityPolicy":
			var policy struct {
				Rules []struct {
					Match struct{ Expr struct{ Expression string } }
				}
			}
			if json.Unmarshal(r.Outputs, &policy) == nil {
				for _, rule := range policy.Rules {
					h.counts[policyRules]++
					if rule.Match.Expr.Expression != "" {
						h.counts[policyExpressions]++
					}
				}
			}
		case "gcp:compute/disk:Disk":
			var disk struct {
				Zone string
				Size int
			}
			if json.Unmarshal(r.Outputs, &disk) == nil {
				h.dataGiB[regionOf(disk.Zone)] += disk.Size
			}
		case "gcp:container/nodePool:NodePool":
			var p struct {
				Location   string
				NodeCount  int
				NodeConfig struct {
					MachineType string
					DiskSizeGb  int
				}
			}
			if json.Unmarshal(r.Outputs, &p) == nil {
				machine, _ := googlecloud.LookupMachineType(p.NodeConfig.MachineType)
				h.machines[googlecloud.RegionOf(p.Location)] = pool{p.NodeCount, machine.VCPUs, p.NodeConfig.DiskSizeGb}
			}
		}
	}
	return h
}

// regionOf is the region of a zone's name or address.
func regionOf(zone string) string { return googlecloud.RegionOf(zone[strings.LastIndex(zone, "/")+1:]) }
