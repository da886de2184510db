package container

import (
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
)

// fillInstanceGroup gives a pool the zone of its cluster, and an instance group there.
func fillInstanceGroup(r, cluster *api.Record) error {
	o, zone := r.Outputs, cluster.Location
	if zones := o.Strs("nodeLocations"); len(zones) > 0 && !slices.Equal(zones, []string{zone}) {
		return api.BadRequest("Node locations %q are not %q, the cluster's zone: the local cloud runs a pool's machines in one zone.",
			zones, zone)
	}
	o["nodeLocations"] = []any{zone}
	group, name := instanceGroup(r)
	if group == "" {
		name = fmt.Sprintf("gke-%.20s-%.20s-%s-grp", cluster.Name, r.Name, api.HexDigits(8))
		group = api.MemberName(api.Location{Project: r.Project, Zone: zone}, api.InstanceGroups, name)
	}
	manager := fmt.Sprintf("projects/%s/zones/%s/instanceGroupManagers/%s", r.Project, zone, name)
	r.Holds = []string{group, manager}
	// The provider swaps the two names: its instance groups are the groups' managers.
	o["instanceGroupUrls"], o["managedInstanceGroupUrls"] = []any{api.SelfLink(manager)}, []any{api.SelfLink(group)}
	return nil
}

// instanceGroup returns the resource name of a pool's instance group, and its last segment.
func instanceGroup(pool *api.Record) (group, name string) {
	for _, held := range pool.Holds {
		if strings.Contains(held, "/"+api.InstanceGroups+"/") {
			return held, api.LastSegment(held)
		}
	}
	return "", ""
}

// PoolsByGroup maps the instance groups to the IDs of their node pools.
func PoolsByGroup(t *api.Tx) map[string]string {
	byGroup := map[string]string{}
	for _, p := range t.All(api.NodePoolType) {
		group, _ := instanceGroup(p)
		byGroup[group] = p.ID
	}
	return byGroup
}

// forgetNamedPorts removes the named ports of a pool's instance group: they are a property of the group.
func forgetNamedPorts(t *api.Tx, pool *api.Record) error {
	for _, p := range t.All(api.NamedPortType) {
		if slices.Contains(pool.Holds, p.Target("group")) {
			if err := t.Drop(p.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
