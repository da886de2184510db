package gcp

import (
	"fmt"
	"strings"
)

func (t *txn) admitClusterRanges(r *record) error {
	o := r.Outputs
	sub, err := t.get(r.target("subnetwork"))
	if err != nil {
		return err
	}
	if sub.target("network") != r.target("network") || sub.Place != regionOf(r.Place) {
		return badRequest("Subnetwork %q is not in network %q and region %q.", sub.ID, r.target("network"),
			regionOf(r.Place))
	}
	ranges := rangesByName(sub.Outputs)
	others, err := t.all(clusterType)
	if err != nil {
		return err
	}
	for _, property := range []string{"clusterSecondaryRangeName", "servicesSecondaryRangeName"} {
		name := o.str("ipAllocationPolicy." + property)
		cidr, there := ranges[name]
		if !there {
			return badRequest("Secondary range %q was not found in subnetwork %q.", name, sub.ID)
		}
		for _, other := range others {
			if other.ID == r.ID || other.target("subnetwork") != sub.ID {
				continue
			}
			for _, theirs := range []string{"clusterSecondaryRangeName", "servicesSecondaryRangeName"} {
				if other.Outputs.str("ipAllocationPolicy."+theirs) == name {
					return badRequest("Secondary range %q of subnetwork %q is in use by cluster %q.", name, sub.ID, other.ID)
				}
			}
		}
		o["ipAllocationPolicy"].(map[string]any)[cidrProperty[property]] = cidr
	}
	if o.str("ipAllocationPolicy.clusterSecondaryRangeName") == o.str("ipAllocationPolicy.servicesSecondaryRangeName") {
		return badRequest("Pods and Services of cluster %q cannot have the same secondary range.", r.Name)
	}
	return t.admitControlPlaneRange(r)
}

var cidrProperty = map[string]string{
	"clusterSecondaryRangeName":  "clusterIpv4CidrBlock",
	"servicesSecondaryRangeName": "servicesIpv4CidrBlock",
}

func (t *txn) admitControlPlaneRange(r *record) error {
	cidr := r.Outputs.str("privateClusterConfig.masterIpv4CidrBlock")
	if cidr == "" {
		if r.Outputs.flag("privateClusterConfig.enablePrivateNodes") {
			return fmt.Errorf("master_ipv4_cidr_block must be set if enable_private_nodes is true")
		}
		return nil
	}
	p, err := parseRange(cidr)
	if err != nil {
		return badRequest("Invalid master_ipv4_cidr_block: %v.", err)
	}
	used, err := t.usedRanges(r.target("network"))
	if err != nil {
		return err
	}
	if c := conflict(p, r.ID, used); c != nil {
		return badRequest("The given master_ipv4_cidr %s overlaps with the range %s of %s.", cidr, c.prefix, c.what)
	}
	return nil
}

func (t *txn) admitClusterDNS(r, old *record) error {
	if old != nil {
		for _, property := range []string{"clusterDnsScope", "clusterDnsDomain"} {
			was, is := old.Outputs.str("dnsConfig."+property), r.Outputs.str("dnsConfig."+property)
			if was != is && !(was == "" && is == "DNS_SCOPE_UNSPECIFIED" || is == "" && was == "DNS_SCOPE_UNSPECIFIED") {
				return badRequest("Cluster DNS Scope cannot be toggled: %s is %q and cannot become %q.", property, was, is)
			}
		}
	}
	if r.Outputs.str("dnsConfig.clusterDnsScope") != "VPC_SCOPE" {
		return nil
	}
	others, err := t.all(clusterType)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.ID != r.ID && other.target("network") == r.target("network") &&
			other.Outputs.str("dnsConfig.clusterDnsScope") == "VPC_SCOPE" && dnsDomain(other) == dnsDomain(r) {
			return badRequest("Cluster DNS domain %q is not unique in network %q: cluster %q has it.", dnsDomain(r),
				r.target("network"), other.ID)
		}
	}
	return nil
}

// dnsDomain is a cluster's own DNS domain.
func dnsDomain(r *record) string {
	if d := r.Outputs.str("dnsConfig.clusterDnsDomain"); d != "" {
		return strings.TrimSuffix(d, ".")
	}
	return "cluster.local"
}
