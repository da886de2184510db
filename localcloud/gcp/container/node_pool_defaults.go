package container

import "geo-wordpress/localcloud/gcp/api"

// fillNodePool fills in the outputs of a pool's unset fields.
func fillNodePool(o, cluster api.Object) {
	fillNodeConfig(o, cluster)
	if o.Has("autoscaling") {
		o.Fill("autoscaling", object{})
		o.Fill("autoscaling.locationPolicy", "BALANCED")
		for _, limit := range []string{"minNodeCount", "totalMinNodeCount", "totalMaxNodeCount"} {
			o.Fill("autoscaling."+limit, 0.0)
		}
	}
	o.Fill("management", object{"autoRepair": true, "autoUpgrade": true})
	o.Fill("upgradeSettings", object{"strategy": "SURGE", "maxSurge": 1.0, "maxUnavailable": 0.0})
	o.Fill("networkConfig.enablePrivateNodes", cluster.Flag("privateClusterConfig.enablePrivateNodes"))
}

// fillNodeConfig fills in GKE's defaults, as in API responses recorded in 2026. Since 2024 they include a kubelet
// configuration, of which 5.42 knows four fields, all zero, and a label in addition to the program's own.
func fillNodeConfig(o, cluster api.Object) {
	o.Fill("nodeConfig.kubeletConfig", object{"cpuCfsQuota": false, "cpuCfsQuotaPeriod": "",
		"cpuManagerPolicy": "", "podPidsLimit": 0.0})
	o.Fill("nodeConfig.resourceLabels.goog-gke-node-pool-provisioning-model", "on-demand")
	o.Fill("nodeConfig.machineType", "e2-medium")
	o.Fill("nodeConfig.diskSizeGb", 100.0)
	o.Fill("nodeConfig.diskType", "pd-balanced")
	o.Fill("nodeConfig.imageType", "COS_CONTAINERD")
	o.Fill("nodeConfig.oauthScopes", defaultScopes())
	o.Fill("nodeConfig.metadata", object{"disable-legacy-endpoints": "true"})
	o.Fill("nodeConfig.shieldedInstanceConfig", object{"enableIntegrityMonitoring": true, "enableSecureBoot": false})
	mode := "GCE_METADATA"
	if cluster.Has("workloadIdentityConfig.workloadPool") {
		mode = "GKE_METADATA"
	}
	o.Fill("nodeConfig.workloadMetadataConfig", object{"mode": mode})
}

// defaultScopes are the scopes that GKE gives to nodes that request none.
func defaultScopes() []any {
	var scopes []any
	for _, name := range []string{"devstorage.read_only", "logging.write", "monitoring", "service.management.readonly",
		"servicecontrol", "trace.append"} {
		scopes = append(scopes, "https://www.googleapis.com/auth/"+name)
	}
	return scopes
}
