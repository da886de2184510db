package gcp

import (
	"net/netip"
	"slices"
	"strings"
)

// clusterAdditions are the values that GKE fills in for unset fields, according to API responses recorded in 2026. The
// provider marks all of them as computed.
var clusterAdditions = map[string]any{
	// On in new clusters of 1.34.1-gke.3720000 and later.
	"addonsConfig.dnsCacheConfig":                   props{"enabled": true},
	"addonsConfig.gcePersistentDiskCsiDriverConfig": props{"enabled": true},
	"addonsConfig.networkPolicyConfig":              props{"disabled": true},
	"databaseEncryption":                            props{"state": "DECRYPTED", "keyName": ""},
	"datapathProvider":                              "DATAPATH_PROVIDER_UNSPECIFIED",
	"defaultMaxPodsPerNode":                         110.0,
	"defaultSnatStatus":                             props{"disabled": false},
	"enableIntranodeVisibility":                     false,
	"ipAllocationPolicy.podCidrOverprovisionConfig": props{"disabled": false},
	"ipAllocationPolicy.stackType":                  "IPV4",
	"loggingConfig":                                 props{"enableComponents": []any{"SYSTEM_COMPONENTS", "WORKLOADS"}},
	"loggingService":                                "logging.googleapis.com/kubernetes",
	"masterVersion":                                 gkeVersion,
	"minMasterVersion":                              gkeVersion,
	"monitoringConfig.enableComponents": []any{"SYSTEM_COMPONENTS", "DAEMONSET", "DEPLOYMENT", "STATEFULSET", "JOBSET",
		"STORAGE", "HPA", "POD", "CADVISOR", "KUBELET", "DCGM"},
	"monitoringConfig.managedPrometheus": props{"enabled": true},
	"monitoringService":                  "monitoring.googleapis.com/kubernetes",
	"nodeVersion":                        gkeVersion,
	"operation":                          "",
	"releaseChannel":                     props{"channel": "REGULAR"},
	"securityPostureConfig":              props{"mode": "BASIC", "vulnerabilityMode": "VULNERABILITY_MODE_UNSPECIFIED"},
	"serviceExternalIpsConfig":           props{"enabled": false},
	"tpuIpv4CidrBlock":                   "",
}

// props are properties in plain Go.
type props = map[string]any

func (t *txn) fillCluster(r *record) error {
	o := r.Outputs
	locations := o.strs("nodeLocations")
	for _, z := range locations {
		if regionOf(z) != regionOf(r.Place) || !isZone(z) {
			return badRequest("Node location %q is not a zone of region %q.", z, regionOf(r.Place))
		}
	}
	if isZone(r.Place) {
		if slices.Contains(locations, r.Place) {
			return badRequest("node_locations are the zones beside the cluster's own %q, which must not be listed.", r.Place)
		}
		o.fill("nodeLocations", []any{})
	} else {
		o.fill("nodeLocations", anys(zonesOf(r.Place)[:3]))
	}
	o["clusterIpv4Cidr"] = o.str("ipAllocationPolicy.clusterIpv4CidrBlock")
	o["servicesIpv4Cidr"] = o.str("ipAllocationPolicy.servicesIpv4CidrBlock")
	for path, value := range clusterAdditions {
		o.fill(path, cloneValue(value))
	}
	if o.has("masterAuthorizedNetworksConfig") {
		o.fill("masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled", true)
	}
	if o.flag("removeDefaultNodePool") {
		delete(o, "nodeConfig") // removed along with its pool
	}
	// Left empty: the pools that Google lists here, and the first pool's nodeConfig, change with resources of their
	// own, and a refresh would report that as drift.
	o.fill("nodePools", []any{})
	o["labelFingerprint"] = fingerprint(o.strMap("resourceLabels"))
	// v1beta1, because the published provider is built on google-beta.
	o.fill("selfLink", "https://container.googleapis.com/v1beta1/"+
		strings.Replace(r.ID, "/locations/"+r.Place, locationPath(r.Place), 1))
	if cidr := o.str("privateClusterConfig.masterIpv4CidrBlock"); cidr != "" {
		p, err := netip.ParsePrefix(cidr)
		if err != nil {
			return err
		}
		o.fill("privateClusterConfig.privateEndpoint", p.Addr().Next().Next().String())
		o.fill("privateClusterConfig.peeringName", "")
		o.fill("privateClusterConfig.masterGlobalAccessConfig", map[string]any{"enabled": false})
	}
	return nil
}

func locationPath(location string) string {
	if isZone(location) {
		return "/zones/" + location
	}
	return "/locations/" + location
}
