package container

import (
	"strings"

	"geo-wordpress/localcloud/gcp/api"
)

func admitDNS(t *api.Tx, r, old *api.Record) error {
	if old != nil {
		for _, property := range []string{"clusterDnsScope", "clusterDnsDomain"} {
			was, is := old.Outputs.Str("dnsConfig."+property), r.Outputs.Str("dnsConfig."+property)
			if was != is && !(was == "" && is == "DNS_SCOPE_UNSPECIFIED" || is == "" && was == "DNS_SCOPE_UNSPECIFIED") {
				return api.BadRequest("Cluster DNS Scope cannot be toggled: %s is %q and cannot become %q.", property, was, is)
			}
		}
	}
	if r.Outputs.Str("dnsConfig.clusterDnsScope") != "VPC_SCOPE" {
		return nil
	}
	for _, other := range t.All(api.ClusterType) {
		if other.ID != r.ID && other.Target("network") == r.Target("network") &&
			other.Outputs.Str("dnsConfig.clusterDnsScope") == "VPC_SCOPE" && dnsDomain(other) == dnsDomain(r) {
			return api.BadRequest("Cluster DNS domain %q is not unique in network %q: cluster %q has it.", dnsDomain(r),
				r.Target("network"), other.ID)
		}
	}
	return nil
}

// dnsDomain is a cluster's own DNS domain.
func dnsDomain(r *api.Record) string {
	if d := r.Outputs.Str("dnsConfig.clusterDnsDomain"); d != "" {
		return strings.TrimSuffix(d, ".")
	}
	return "cluster.local"
}
