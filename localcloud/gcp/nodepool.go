package gcp

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	unsent: badRequest("At least one of ['node_version', 'image_type', 'updated_node_pool', 'locations', " +
		"'workload_metadata_config', 'upgrade_settings', 'kubelet_config', 'linux_node_config', 'tags', 'taints', 'labels', " +
		"'resource_labels', 'machine_type', 'disk_type', 'disk_size_gb'] must be specified."),
	// One operation at a time on a cluster, as on GKE.
	group: func(r *record) []string { return []string{clusterOf(r.ID)} },
})

// clusterOf returns the cluster's ID from a node pool's ID.
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
	if old == nil {
		if err := t.requireAccount(r.Project, o.str("nodeConfig.serviceAccount")); err != nil {
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
	for property, value := range map[string]any{
		"createPodRange": false, "podRange": cluster.Outputs.str("ipAllocationPolicy.clusterSecondaryRangeName"),
		"podIpv4CidrBlock":   cluster.Outputs.str("clusterIpv4Cidr"),
		"enablePrivateNodes": cluster.Outputs.flag("privateClusterConfig.enablePrivateNodes"),
	} {
		o.fill("networkConfig."+property, value)
	}
	return nil
}

// roomForNodes fails if the cluster's ranges cannot hold all machines: each takes a /24 of the pod range and one
// address of the subnetwork, of which Google reserves four.
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

// machinesID is the ID under which cloud.Machines knows a pool's machines in one zone. In the cluster's own zone, the
// usual case, it is the pool's own ID.
func machinesID(r *record, zone string) string {
	if zone == r.Place {
		return r.ID
	}
	return r.ID + "/zones/" + zone
}

// pools returns a pool's machines by zone, in the form that cloud.Machines uses.
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
			DiskSizeGB: o.num("nodeConfig.diskSizeGb"), Template: template(o, cluster)})
	}
	return out, nil
}

// template is a fingerprint of the other machine settings that can change on an existing pool.
func template(pool object, cluster *record) string {
	return fingerprint([]any{pool.str("nodeConfig.imageType"), pool.str("nodeConfig.diskType"),
		pool.str("nodeConfig.loggingVariant"), pool.str("nodeConfig.workloadMetadataConfig.mode"),
		nodeLocalDNS(cluster)})
}

var taintEffects = map[string]corev1.TaintEffect{
	"NO_SCHEDULE":        corev1.TaintEffectNoSchedule,
	"PREFER_NO_SCHEDULE": corev1.TaintEffectPreferNoSchedule,
	"NO_EXECUTE":         corev1.TaintEffectNoExecute,
}

// startNodePool brings the machines to the pool's specification and waits until they are ready.
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

// instances returns the machines of a pool, including those recorded earlier.
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

// forgetPool removes a pool's record along with its cluster.
func (t *txn) forgetPool(r *record) error {
	if err := t.forgetNamedPorts(r); err != nil {
		return err
	}
	return t.drop(r.ID)
}

// forgetNamedPorts removes the named ports of a pool's instance groups: they are a property of the groups.
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
