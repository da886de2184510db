package gcp

import (
	"fmt"
	"slices"
)

// fillZones determines a pool's zones and creates an instance group in each new one.
func fillZones(r, cluster *record) error {
	o := r.Outputs
	zones := o.strs("nodeLocations")
	if len(zones) == 0 {
		zones = cluster.Outputs.strs("nodeLocations")
		if isZone(cluster.Place) {
			zones = append([]string{cluster.Place}, zones...)
		}
	}
	slices.Sort(zones)
	for _, z := range zones {
		if !isZone(z) || regionOf(z) != regionOf(cluster.Place) {
			return badRequest("Node location %q is not a zone of region %q.", z, regionOf(cluster.Place))
		}
	}
	o["nodeLocations"] = anys(zones)
	groups := groupsByZone(r.Holds)
	var managers, members []any
	r.Holds = nil
	for _, z := range zones {
		name, there := groups[z]
		if !there {
			name = fmt.Sprintf("gke-%.20s-%.20s-%s-grp", cluster.Name, r.Name, hexDigits(8))
		}
		at := place{project: r.Project, zone: z}
		manager := fmt.Sprintf("projects/%s/zones/%s/instanceGroupManagers/%s", r.Project, z, name)
		group := memberName(at, instanceGroups, name)
		r.Holds = append(r.Holds, group, manager)
		// The provider swaps the two names: its instance groups are the groups' managers.
		managers = append(managers, selfLink(manager))
		members = append(members, selfLink(group))
	}
	o["instanceGroupUrls"], o["managedInstanceGroupUrls"] = managers, members
	return nil
}

// leaveZones marks machines in abandoned zones for removal; it fails if their instance group is in use.
func (t *txn) leaveZones(r, old *record) error {
	zones := r.Outputs.strs("nodeLocations")
	for _, z := range old.Outputs.strs("nodeLocations") {
		if !slices.Contains(zones, z) {
			r.Leaving = append(r.Leaving, machinesID(r, z))
		}
	}
	for _, z := range zones { // a zone that is added again before its machines were removed stays
		r.Leaving = slices.DeleteFunc(r.Leaving, func(id string) bool { return id == machinesID(r, z) })
	}
	left := slices.DeleteFunc(slices.Clone(old.Holds), func(h string) bool { return slices.Contains(r.Holds, h) })
	user, group, err := t.user(r.ID, left...)
	if err == nil && user != nil {
		err = inUse("instance_group", group, user.ID)
	}
	return err
}

// groupsByZone maps zones to the names of the instance groups in them.
func groupsByZone(holds []string) map[string]string {
	groups := map[string]string{}
	for _, h := range holds {
		if segmentAfter(h, instanceGroups) != "" {
			groups[zoneOfReference(h)] = lastSegment(h)
		}
	}
	return groups
}
