package gcp

// fillNodeConfig fills in GKE's defaults, as in API responses recorded in 2026. Since 2024 they include a kubelet
// configuration, of which 5.42 knows four fields, all zero, and a label in addition to the program's own.
func fillNodeConfig(o, cluster object) {
	o.fill("nodeConfig.kubeletConfig", map[string]any{"cpuCfsQuota": false, "cpuCfsQuotaPeriod": "",
		"cpuManagerPolicy": "", "podPidsLimit": 0.0})
	model := "on-demand"
	if o.flag("nodeConfig.spot") {
		model = "spot"
	}
	o.fill("nodeConfig.resourceLabels", map[string]any{})
	resourceLabels, _ := o.at("nodeConfig.resourceLabels")
	resourceLabels.(map[string]any)["goog-gke-node-pool-provisioning-model"] = model
	o.fill("nodeConfig.machineType", "e2-medium")
	o.fill("nodeConfig.diskSizeGb", 100.0)
	o.fill("nodeConfig.diskType", "pd-balanced")
	o.fill("nodeConfig.imageType", "COS_CONTAINERD")
	o.fill("nodeConfig.loggingVariant", "DEFAULT")
	o.fill("nodeConfig.oauthScopes", anys(defaultScopes))
	o.fill("nodeConfig.metadata", map[string]any{"disable-legacy-endpoints": "true"})
	o.fill("nodeConfig.labels", map[string]any{})
	o.fill("nodeConfig.shieldedInstanceConfig", map[string]any{"enableIntegrityMonitoring": true,
		"enableSecureBoot": false})
	mode := "GCE_METADATA"
	if cluster.has("workloadIdentityConfig.workloadPool") {
		mode = "GKE_METADATA"
	}
	o.fill("nodeConfig.workloadMetadataConfig", map[string]any{"mode": mode})
}
