package container

import (
	"net/netip"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
)

// object is a nested object of properties.
type object = map[string]any

// fillCluster fills in a cluster's outputs: the values of unset fields, as in API responses recorded in 2026.
func fillCluster(r *api.Record) {
	o := r.Outputs
	o["clusterIpv4Cidr"] = o.Str("ipAllocationPolicy.clusterIpv4CidrBlock")
	o["servicesIpv4Cidr"] = o.Str("ipAllocationPolicy.servicesIpv4CidrBlock")
	// On in new clusters of 1.34.1-gke.3720000 and later.
	o.Fill("addonsConfig.dnsCacheConfig", object{"enabled": true})
	o.Fill("addonsConfig.gcePersistentDiskCsiDriverConfig", object{"enabled": true})
	o.Fill("datapathProvider", "DATAPATH_PROVIDER_UNSPECIFIED")
	o.Fill("loggingConfig", object{"enableComponents": []any{"SYSTEM_COMPONENTS", "WORKLOADS"}})
	o.Fill("masterVersion", gkeVersion)
	o.Fill("monitoringConfig.enableComponents", []any{"SYSTEM_COMPONENTS", "DAEMONSET", "DEPLOYMENT", "STATEFULSET",
		"JOBSET", "STORAGE", "HPA", "POD", "CADVISOR", "KUBELET", "DCGM"})
	o.Fill("monitoringConfig.managedPrometheus", object{"enabled": true})
	o.Fill("releaseChannel", object{"channel": "REGULAR"})
	if o.Has("masterAuthorizedNetworksConfig") {
		o.Fill("masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled", true)
	}
	// The default pool's configuration, which Google removes along with the pool. Google also returns the cluster's
	// pools, and the first pool's nodeConfig. Both change with resources of their own, and a refresh would report drift.
	delete(o, "nodeConfig")
	// v1beta1, because the published provider is built on google-beta.
	o.Fill("selfLink", "https://container.googleapis.com/v1beta1/"+strings.Replace(r.ID, "/locations/", "/zones/", 1))
	if p, err := netip.ParsePrefix(o.Str("privateClusterConfig.masterIpv4CidrBlock")); err == nil {
		o.Fill("privateClusterConfig.privateEndpoint", p.Addr().Next().Next().String())
	}
}
