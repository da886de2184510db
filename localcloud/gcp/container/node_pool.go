package container

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/compute"
	"geo-wordpress/localcloud/gcp/iam"
)

func (e *Engine) nodePool() *api.Kind {
	return &api.Kind{
		Token: api.NodePoolType, Title: "NodePool", Noun: "node_pool", Service: api.Container, Scope: api.Located,
		Naming: api.ContainerNames, Fields: nodePoolFields(),
		Outputs: []string{"instanceGroupUrls", "managedInstanceGroupUrls"},
		ID: func(at api.Location, in api.Object) string {
			cluster := in.Str("cluster")
			if name, err := api.ResourceName(at, []string{api.Clusters}, "cluster", cluster); err == nil {
				cluster = name
			}
			return cluster + "/nodePools/" + in.Str("name")
		},
		Check: checkNodePool,
		Admit: admitNodePool,
		Start: e.startNodePool,
		Stop:  e.stopNodePool,
		Gone:  forgetNamedPorts,
		Live:  e.liveSize,
		EmptyUpdate: api.BadRequest("At least one of ['node_version', 'image_type', 'updated_node_pool', 'locations', " +
			"'workload_metadata_config', 'upgrade_settings', 'kubelet_config', 'linux_node_config', 'tags', 'taints', 'labels', " +
			"'resource_labels', 'machine_type', 'disk_type', 'disk_size_gb'] must be specified."),
		// One operation at a time on a cluster, as on GKE.
		Group: func(r *api.Record) []string { return []string{clusterID(r.ID)} },
	}
}

// clusterID returns the cluster's ID from a node pool's ID.
func clusterID(pool string) string {
	cluster, _, _ := strings.Cut(pool, "/nodePools/")
	return cluster
}

// PoolsOf returns the node pools of a cluster.
func PoolsOf(t *api.Tx, cluster string) []*api.Record {
	return slices.DeleteFunc(t.All(api.NodePoolType), func(r *api.Record) bool { return clusterID(r.ID) != cluster })
}

func admitNodePool(t *api.Tx, r, old *api.Record) error {
	cluster := t.Find(clusterID(r.ID))
	if cluster.State == api.Failed {
		return api.BadRequest("Cluster %q is in state ERROR: %s", cluster.ID, cluster.Message)
	}
	if old == nil {
		if err := iam.RequireAccount(t, r.Project, r.Outputs.Str("nodeConfig.serviceAccount")); err != nil {
			return err
		}
	}
	if r.Location != cluster.Location {
		return api.NotFound(api.MemberName(api.Location{Project: r.Project, Name: r.Location}, api.Clusters, cluster.Name))
	}
	if err := fillInstanceGroup(r, cluster); err != nil {
		return err
	}
	fillNodePool(r.Outputs, cluster.Outputs)
	return admitNodes(t, r, cluster)
}

// admitNodes returns an error if the cluster's ranges cannot hold all machines: each takes a /24 of the pod range and
// one address of the subnetwork, of which Google reserves four.
func admitNodes(t *api.Tx, r, cluster *api.Record) error {
	c, err := clusterOf(t, cluster)
	if err != nil {
		return err
	}
	nodes := r.Outputs.Num("nodeCount")
	for _, p := range PoolsOf(t, cluster.ID) {
		if p.ID != r.ID {
			nodes += p.Outputs.Num("nodeCount")
		}
	}
	exhausted := func(what, cidr string, most int) error {
		return &api.Error{Code: 400, Message: fmt.Sprintf("IP_SPACE_EXHAUSTED: the %s range %s of cluster '%s' has room "+
			"for %d nodes, not for %d", what, cidr, cluster.Name, most, nodes), Reason: "failedPrecondition"}
	}
	if most := 1 << max(24-c.PodRange.Bits(), 0); nodes > most || c.PodRange.Bits() > 24 && nodes > 0 {
		return exhausted("pods'", c.PodRange.String(), most)
	}
	if most := 1<<(32-c.NodeRange.Bits()) - 4; nodes > most {
		return exhausted("nodes'", c.NodeRange.String(), most)
	}
	return nil
}

// poolOf converts a node pool's record to the form that machines use.
func poolOf(r, cluster *api.Record) cloud.NodePool {
	o := r.Outputs
	_, group := instanceGroup(r)
	return cloud.NodePool{ID: r.ID,
		Least: o.Num("autoscaling.minNodeCount"), Most: o.Num("autoscaling.maxNodeCount"), Name: r.Name, Cluster: cluster.ID, Zone: r.Location, InstanceGroup: group,
		MachineType: o.Str("nodeConfig.machineType"), Count: o.Num("nodeCount"),
		Tags:       append(o.Strs("nodeConfig.tags"), nodeTag(cluster)),
		DiskSizeGB: o.Num("nodeConfig.diskSizeGb"), Template: template(o, cluster)}
}

// template is a fingerprint of the other machine settings that can change on an existing pool. "DEFAULT" stands for the
// logging variant, once an input: without it, the machines of existing stacks would be replaced.
func template(pool api.Object, cluster *api.Record) string {
	return api.Fingerprint([]any{pool.Str("nodeConfig.imageType"), pool.Str("nodeConfig.diskType"), "DEFAULT",
		pool.Str("nodeConfig.workloadMetadataConfig.mode"), nodeLocalDNS(cluster)})
}

// startNodePool brings the machines to the pool's specification and waits until they are ready.
func (e *Engine) startNodePool(ctx context.Context, a *api.API, r, old *api.Record) error {
	cluster, err := a.Read(clusterID(r.ID))
	if err != nil {
		return err
	}
	pool := poolOf(r, cluster)
	a.Log.Info("starting the machines", "pool", r.Name, "cluster", cluster.Name, "machines", pool.Count, "type", pool.MachineType)
	if err := e.Machines.EnsureNodePool(ctx, pool); err != nil {
		return fmt.Errorf("node pool %s: %w", r.Name, err)
	}
	deleted := map[string]bool{}
	if old != nil {
		for _, i := range old.Instances {
			deleted[i] = true
		}
	}
	r.Instances = e.Machines.Instances(r.ID)
	for _, i := range r.Instances {
		delete(deleted, i)
	}
	return a.Transact(func(t *api.Tx) error { return compute.DetachAll(t, deleted) })
}

// liveSize is the number of a pool's machines, which the provider reads from the instance group, and which changes by
// itself in a pool that grows.
func (e *Engine) liveSize(r *api.Record) api.Object {
	if machines := e.Machines.Instances(r.ID); r.Outputs.Has("autoscaling") && len(machines) > 0 {
		return api.Object{"nodeCount": float64(len(machines))}
	}
	return nil
}

func (e *Engine) stopNodePool(ctx context.Context, a *api.API, r *api.Record) error {
	deleted := map[string]bool{}
	e.addInstances(deleted, r)
	if err := e.Machines.DeleteNodePool(ctx, r.ID); err != nil {
		return fmt.Errorf("node pool %s: %w", r.Name, err)
	}
	return a.Transact(func(t *api.Tx) error { return compute.DetachAll(t, deleted) })
}

// addInstances adds the machines of a pool to a set, including those that it had at its last start.
func (e *Engine) addInstances(set map[string]bool, pool *api.Record) {
	for _, name := range slices.Concat(pool.Instances, e.Machines.Instances(pool.ID)) {
		set[name] = true
	}
}
