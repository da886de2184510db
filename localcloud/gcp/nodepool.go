package gcp

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"geo-wordpress/localcloud/cloud"
)

const nodePoolType = "gcp:container/nodePool:NodePool"

var nodePoolKind = register(&kind{
	token: nodePoolType, title: "NodePool", noun: "node_pool", service: containerAPI, scope: located,
	naming: containerNames, fields: nodePoolFields,
	outputs: []string{"instanceGroupUrls", "managedInstanceGroupUrls", "namePrefix", "networkConfig", "operation"},
	id: func(at place, in object) string {
		cluster := in.str("cluster")
		if name, err := resourceName(at, []string{clusters}, "cluster", cluster); err == nil {
			cluster = name
		}
		return cluster + "/nodePools/" + in.str("name")
	},
	check: checkNodePool,
	admit: admitNodePool,
	start: startNodePool,
	stop:  stopNodePool,
	gone:  func(t *txn, r *record) error { return t.forgetNamedPorts(r) },
	// One operation at a time on a cluster, as on GKE.
	group: func(r *record) []string { return []string{clusterOf(r.ID)} },
})

// clusterOf is the cluster in a node pool's ID.
func clusterOf(pool string) string {
	cluster, _, _ := strings.Cut(pool, "/nodePools/")
	return cluster
}

func (t *txn) poolsOf(cluster string) ([]*record, error) {
	all, err := t.all(nodePoolType)
	return slices.DeleteFunc(all, func(r *record) bool { return clusterOf(r.ID) != cluster }), err
}

func admitNodePool(t *txn, r, old *record) error {
	o := r.Outputs
	cluster, err := t.get(clusterOf(r.ID))
	if err != nil {
		return err
	}
	if cluster.State == failed {
		return badRequest("Cluster %q is in state ERROR: %s", cluster.ID, cluster.Message)
	}
	if account := o.str("nodeConfig.serviceAccount"); account != "" && account != "default" {
		if err := t.requireAccount(r.Project, account); err != nil {
			return err
		}
	}
	if r.Place != cluster.Place {
		return notFound(memberName(r.at(), clusters, cluster.Name))
	}
	if err := fillZones(r, cluster); err != nil {
		return err
	}
	if old != nil {
		if err := t.leaveZones(r, old); err != nil {
			return err
		}
	}
	switch {
	case r.Inputs.has("nodeCount"):
	case old != nil:
		o.fill("nodeCount", float64(old.Outputs.num("nodeCount")))
	case o.has("initialNodeCount"):
		o["nodeCount"] = o["initialNodeCount"]
	default:
		o["nodeCount"] = float64(max(o.num("autoscaling.minNodeCount"), 0))
	}
	if err := t.roomForNodes(r, cluster); err != nil {
		return err
	}
	fillNodeConfig(o, cluster.Outputs)
	o.fill("initialNodeCount", o["nodeCount"])
	o.fill("management", map[string]any{"autoRepair": true, "autoUpgrade": true})
	o.fill("upgradeSettings", map[string]any{"strategy": "SURGE", "maxSurge": 1.0, "maxUnavailable": 0.0})
	o.fill("maxPodsPerNode", 110.0)
	o.fill("version", gkeVersion)
	o.fill("namePrefix", "")
	o.fill("operation", "")
	o.fill("networkConfig", map[string]any{
		"createPodRange": false, "podRange": cluster.Outputs.str("ipAllocationPolicy.clusterSecondaryRangeName"),
		"podIpv4CidrBlock":   cluster.Outputs.str("clusterIpv4Cidr"),
		"enablePrivateNodes": cluster.Outputs.flag("privateClusterConfig.enablePrivateNodes")})
	return nil
}

// fillZones settles a pool's zones, and makes an instance group in each new one.
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
		// The provider's two names are the wrong way round: what it calls instance groups are their managers.
		managers = append(managers, selfLink(manager))
		members = append(members, selfLink(group))
	}
	o["instanceGroupUrls"], o["managedInstanceGroupUrls"] = managers, members
	return nil
}

// leaveZones notes whose machines are to go, unless what is left behind is in use.
func (t *txn) leaveZones(r, old *record) error {
	zones := r.Outputs.strs("nodeLocations")
	for _, z := range old.Outputs.strs("nodeLocations") {
		if !slices.Contains(zones, z) {
			r.Leaving = append(r.Leaving, machinesID(r, z))
		}
	}
	for _, z := range zones { // one that comes back before it was left stays
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

// roomForNodes fails when the cluster's ranges cannot hold so many machines: each takes a /24 of the pods' range, and
// an address of the subnetwork, of which Google keeps four.
func (t *txn) roomForNodes(r, cluster *record) error {
	c, err := t.cluster(cluster)
	if err != nil {
		return err
	}
	pools, err := t.poolsOf(cluster.ID)
	if err != nil {
		return err
	}
	nodes := r.Outputs.num("nodeCount") * len(r.Outputs.list("nodeLocations"))
	for _, p := range pools {
		if p.ID != r.ID {
			nodes += p.Outputs.num("nodeCount") * len(p.Outputs.list("nodeLocations"))
		}
	}
	exhausted := func(what, cidr string, most int) error {
		return &apiError{400, fmt.Sprintf("IP_SPACE_EXHAUSTED: the %s range %s of cluster '%s' has room for %d nodes, "+
			"not for %d", what, cidr, cluster.Name, most, nodes), "failedPrecondition"}
	}
	if most := 1 << max(24-c.PodRange.Bits(), 0); nodes > most || c.PodRange.Bits() > 24 && nodes > 0 {
		return exhausted("pods'", c.PodRange.String(), most)
	}
	if most := 1<<(32-c.NodeRange.Bits()) - 4; nodes > most {
		return exhausted("nodes'", c.NodeRange.String(), most)
	}
	return nil
}

// fillNodeConfig fills GKE's defaults in.
func fillNodeConfig(o, cluster object) {
	o.fill("nodeConfig.machineType", "e2-medium")
	o.fill("nodeConfig.diskSizeGb", 100.0)
	o.fill("nodeConfig.diskType", "pd-balanced")
	o.fill("nodeConfig.imageType", "COS_CONTAINERD")
	o.fill("nodeConfig.serviceAccount", "default")
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

// machinesID is what the parts below know a pool's machines in one zone by. In the cluster's own zone, which is the
// usual one, it is the pool's own ID.
func machinesID(r *record, zone string) string {
	if zone == r.Place {
		return r.ID
	}
	return r.ID + "/zones/" + zone
}

// pools are a pool's machines, zone by zone, as the parts below know them.
func (t *txn) pools(r *record) ([]cloud.NodePool, error) {
	cluster, err := t.get(clusterOf(r.ID))
	if err != nil {
		return nil, err
	}
	o := r.Outputs
	labels := o.strMap("nodeConfig.labels")
	if o.flag("nodeConfig.spot") {
		labels["cloud.google.com/gke-spot"] = "true"
	}
	var taints []corev1.Taint
	for _, taint := range o.objs("nodeConfig.taints") {
		taints = append(taints, corev1.Taint{Key: taint.str("key"), Value: taint.str("value"),
			Effect: taintEffects[taint.str("effect")]})
	}
	zones, groups := o.strs("nodeLocations"), groupsByZone(r.Holds)
	var out []cloud.NodePool
	for _, z := range zones {
		out = append(out, cloud.NodePool{ID: machinesID(r, z), Name: r.Name, Cluster: cluster.ID, Zone: z,
			InstanceGroup: groups[z], MachineType: o.str("nodeConfig.machineType"), Count: o.num("nodeCount"),
			Tags: append(o.strs("nodeConfig.tags"), nodeTag(cluster)), Labels: maps.Clone(labels), Taints: taints,
			DiskSizeGB: o.num("nodeConfig.diskSizeGb")})
	}
	return out, nil
}

var taintEffects = map[string]corev1.TaintEffect{
	"NO_SCHEDULE":        corev1.TaintEffectNoSchedule,
	"PREFER_NO_SCHEDULE": corev1.TaintEffectPreferNoSchedule,
	"NO_EXECUTE":         corev1.TaintEffectNoExecute,
}

// startNodePool makes the machines what the pool says, and waits until they are ready.
func startNodePool(ctx context.Context, a *API, r, old *record) error {
	var pools []cloud.NodePool
	err := a.view(func(t *txn) (err error) {
		pools, err = t.pools(r)
		return err
	})
	if err != nil {
		return err
	}
	a.log.Info("bringing the machines up", "pool", r.Name, "cluster", lastSegment(clusterOf(r.ID)),
		"machines", r.Outputs.num("nodeCount")*len(pools), "type", r.Outputs.str("nodeConfig.machineType"))
	for _, p := range pools {
		if err := a.machines.EnsureNodePool(ctx, p); err != nil {
			return fmt.Errorf("node pool %s in %s: %w", r.Name, p.Zone, err)
		}
	}
	for _, id := range r.Leaving {
		if err := a.machines.DeleteNodePool(ctx, id); err != nil {
			return fmt.Errorf("node pool %s leaving %s: %w", r.Name, zoneOfReference(id), err)
		}
	}
	gone := map[string]bool{}
	if old != nil {
		for _, i := range old.Instances {
			gone[i] = true
		}
	}
	r.Leaving, r.Instances = nil, nil
	for _, p := range pools {
		r.Instances = append(r.Instances, a.machines.Instances(p.ID)...)
	}
	for _, i := range r.Instances {
		delete(gone, i)
	}
	return a.update(func(t *txn) error { return t.detachAll(gone) })
}

// instances are the machines of a pool, those that are known to have been there included.
func (a *API) instances(r *record) []string {
	out := slices.Clone(r.Instances)
	for _, z := range r.Outputs.strs("nodeLocations") {
		out = append(out, a.machines.Instances(machinesID(r, z))...)
	}
	for _, id := range r.Leaving {
		out = append(out, a.machines.Instances(id)...)
	}
	return out
}

func stopNodePool(ctx context.Context, a *API, r *record) error {
	gone := map[string]bool{}
	for _, i := range a.instances(r) {
		gone[i] = true
	}
	ids := slices.Clone(r.Leaving)
	for _, z := range r.Outputs.strs("nodeLocations") {
		ids = append(ids, machinesID(r, z))
	}
	for _, id := range ids {
		if err := a.machines.DeleteNodePool(ctx, id); err != nil {
			return fmt.Errorf("node pool %s: %w", r.Name, err)
		}
	}
	return a.update(func(t *txn) error { return t.detachAll(gone) })
}

// forgetPool takes a pool out along with its cluster.
func (t *txn) forgetPool(r *record) error {
	if err := t.forgetNamedPorts(r); err != nil {
		return err
	}
	return t.drop(r.ID)
}

// forgetNamedPorts takes out the named ports of a pool's instance groups, whose property they are.
func (t *txn) forgetNamedPorts(pool *record) error {
	ports, err := t.all(namedPortType)
	if err != nil {
		return err
	}
	for _, p := range ports {
		if slices.Contains(pool.Holds, p.target("group")) {
			if err := t.drop(p.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// ensureDefaultPool makes the pool that a cluster comes with unless it is told not to.
func (a *API) ensureDefaultPool(ctx context.Context, cluster *record) error {
	id := cluster.ID + "/nodePools/default-pool"
	r := &record{Type: nodePoolType, ID: id, Name: "default-pool", Project: cluster.Project, Place: cluster.Place,
		State: provisioning, Created: time.Now().UTC(), Implicit: true, Inputs: object{
			"cluster": cluster.ID, "name": "default-pool", "nodeCount": float64(cluster.Outputs.num("initialNodeCount"))}}
	err := a.update(func(t *txn) error {
		there, err := t.get(id)
		if err != nil {
			return err
		}
		if there != nil {
			r = there
			return nil
		}
		if r.Outputs, err = cluster.defaultPool(t, r); err != nil {
			return err
		}
		return t.put(r)
	})
	if err != nil {
		return err
	}
	return a.operate(ctx, nodePoolKind, operation{}, r, nil)
}

// defaultPool fills a default pool's outputs in.
func (cluster *record) defaultPool(t *txn, r *record) (object, error) {
	r.Outputs = r.Inputs.clone()
	r.Refs = []reference{{Path: "cluster", Target: cluster.ID, Weak: true}}
	err := admitNodePool(t, r, nil)
	return r.Outputs, err
}
