package container

import (
	"errors"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/compute"
)

// admitSecondaryRanges checks the secondary ranges of a cluster, and fills them in.
func admitSecondaryRanges(t *api.Tx, r *api.Record) error {
	o := r.Outputs
	sub := t.Find(r.Target("subnetwork"))
	if region := googlecloud.RegionOf(r.Location); sub.Target("network") != r.Target("network") || sub.Location != region {
		return api.BadRequest("Subnetwork %q is not in network %q and region %q.", sub.ID, r.Target("network"), region)
	}
	if o.Str("ipAllocationPolicy.clusterSecondaryRangeName") == o.Str("ipAllocationPolicy.servicesSecondaryRangeName") {
		return api.BadRequest("Pods and Services of cluster %q cannot have the same secondary range.", r.Name)
	}
	ranges := compute.SecondaryRanges(sub.Outputs)
	users := secondaryRangeUsers(t, r, sub)
	for _, input := range compute.SecondaryRangeInputs {
		name := o.Str("ipAllocationPolicy." + input)
		cidr, exists := ranges[name]
		if !exists {
			return api.BadRequest("Secondary range %q was not found in subnetwork %q.", name, sub.ID)
		}
		if user := users[name]; user != "" {
			return api.BadRequest("Secondary range %q of subnetwork %q is in use by cluster %q.", name, sub.ID, user)
		}
		o["ipAllocationPolicy"].(map[string]any)[rangeOutputs[input]] = cidr
	}
	return nil
}

// rangeOutputs are the outputs that hold the ranges named by the inputs.
var rangeOutputs = map[string]string{
	"clusterSecondaryRangeName":  "clusterIpv4CidrBlock",
	"servicesSecondaryRangeName": "servicesIpv4CidrBlock",
}

// secondaryRangeUsers maps the secondary ranges of a subnetwork to the other clusters that use them.
func secondaryRangeUsers(t *api.Tx, r, sub *api.Record) map[string]string {
	users := map[string]string{}
	for _, c := range t.All(api.ClusterType) {
		if c.ID == r.ID || c.Target("subnetwork") != sub.ID {
			continue
		}
		for _, input := range compute.SecondaryRangeInputs {
			users[c.Outputs.Str("ipAllocationPolicy."+input)] = c.ID
		}
	}
	return users
}

func admitControlPlaneRange(t *api.Tx, r *api.Record) error {
	cidr := r.Outputs.Str("privateClusterConfig.masterIpv4CidrBlock")
	if cidr == "" {
		if r.Outputs.Flag("privateClusterConfig.enablePrivateNodes") {
			return errors.New("master_ipv4_cidr_block must be set if enable_private_nodes is true")
		}
		return nil
	}
	p, err := compute.ParseRange(cidr)
	if err != nil {
		return api.BadRequest("Invalid master_ipv4_cidr_block: %v.", err)
	}
	used := compute.UsedRanges(t, r.Target("network"))
	if c := compute.Conflict(p, r.ID, used); c != nil {
		return api.BadRequest("The given master_ipv4_cidr %s overlaps with the range %s of %s.", cidr, c.Prefix, c.What)
	}
	return nil
}
