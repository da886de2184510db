package container

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/compute"
	"geo-wordpress/localcloud/gcp/iam"
)

func (e *Engine) cluster() *api.Kind {
	return &api.Kind{
		Token: api.ClusterType, Title: "Cluster", Noun: "cluster", Service: api.Container, Scope: api.Located,
		Naming: api.ContainerNames, Fields: clusterFields(),
		Outputs: []string{"clusterIpv4Cidr", "endpoint", "masterVersion", "selfLink", "servicesIpv4Cidr"},
		ID:      api.MemberID(api.Clusters),
		Check:   checkCluster,
		Admit:   admitCluster,
		Guard:   guardCluster,
		Start:   e.startCluster,
		Stop:    e.stopCluster,
		Gone: func(t *api.Tx, r *api.Record) error {
			for _, p := range PoolsOf(t, r.ID) {
				if err := errors.Join(forgetNamedPorts(t, p), t.Drop(p.ID)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func guardCluster(t *api.Tx, r *api.Record) error {
	// The provider checks the state, not the program: turning the protection off needs an update before the delete.
	if r.Outputs.Flag("deletionProtection") {
		return fmt.Errorf("%s", "Cannot destroy cluster because deletion_protection is set to true. Set it to false to "+
			"proceed with cluster deletion.")
	}
	for _, p := range PoolsOf(t, r.ID) {
		if err := t.RequireUnused("node_pool", p); err != nil {
			return err
		}
	}
	return nil
}

// admitCluster checks a cluster against its VPC, and fills in its outputs.
func admitCluster(t *api.Tx, r, old *api.Record) error {
	o := r.Outputs
	if !googlecloud.IsZone(r.Location) {
		return api.BadRequest("Location %q is not a zone: the local cloud runs zonal clusters only.", r.Location)
	}
	if o.Str("dnsConfig.clusterDns") == "CLOUD_DNS" {
		if err := t.RequireAPI(r.Project, api.DNS); err != nil {
			return err
		}
	}
	if old == nil && o.Num("initialNodeCount") < 1 {
		return api.BadRequest("Cluster.initial_node_count must be greater than zero.")
	}
	if want := r.Project + ".svc.id.goog"; o.Has("workloadIdentityConfig") &&
		o.Str("workloadIdentityConfig.workloadPool") != want {
		return api.BadRequest("Workload pool %q is not supported: it must be %q.",
			o.Str("workloadIdentityConfig.workloadPool"), want)
	}
	if old == nil { // GKE creates a default pool with every cluster, even if it is removed at once
		if err := iam.RequireAccount(t, r.Project, o.Str("nodeConfig.serviceAccount")); err != nil {
			return err
		}
	}
	if err := admitSecondaryRanges(t, r); err != nil {
		return err
	}
	if err := admitControlPlaneRange(t, r); err != nil {
		return err
	}
	if err := admitDNS(t, r, old); err != nil {
		return err
	}
	fillCluster(r)
	return nil
}

// clusterOf converts a cluster's record to the form that control planes and machines use.
func clusterOf(t *api.Tx, r *api.Record) (cloud.Cluster, error) {
	c := cloud.Cluster{ID: r.ID, Project: r.Project, Location: r.Location, Name: r.Name, Network: r.Target("network"),
		DNSDomain: dnsDomain(r), VPCScope: r.Outputs.Str("dnsConfig.clusterDnsScope") == "VPC_SCOPE",
		NodeLocalDNS: nodeLocalDNS(r), ManagedCollection: r.Outputs.Flag("monitoringConfig.managedPrometheus.enabled")}
	sub := t.Find(r.Target("subnetwork"))
	if sub == nil {
		return c, fmt.Errorf("the subnetwork %s of cluster %s is not in the store", r.Target("subnetwork"), r.ID)
	}
	for cidr, to := range map[string]*netip.Prefix{
		sub.Outputs.Str("ipCidrRange"):    &c.NodeRange,
		r.Outputs.Str("clusterIpv4Cidr"):  &c.PodRange,
		r.Outputs.Str("servicesIpv4Cidr"): &c.ServiceRange,
	} {
		p, err := compute.ParseRange(cidr)
		if err != nil {
			return c, fmt.Errorf("cluster %s: %w", r.ID, err)
		}
		*to = p
	}
	return c, nil
}

func nodeLocalDNS(cluster *api.Record) bool {
	return cluster.Outputs.Flag("addonsConfig.dnsCacheConfig.enabled")
}

// startCluster starts the control plane. It runs at creation, after an update, and when the cloud restarts.
func (e *Engine) startCluster(ctx context.Context, a *api.API, r, old *api.Record) error {
	var c cloud.Cluster
	var replaced []cloud.NodePool
	err := a.View(func(t *api.Tx) (err error) {
		if c, err = clusterOf(t, r); err != nil || old == nil || c.NodeLocalDNS == nodeLocalDNS(old) {
			return err
		}
		for _, p := range PoolsOf(t, r.ID) {
			replaced = append(replaced, poolOf(p, r))
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.Log.Info("starting the control plane", "cluster", r.Name, "location", r.Location)
	access, err := e.ControlPlanes.Ensure(ctx, c)
	if err != nil {
		return fmt.Errorf("the control plane of cluster %s: %w", r.Name, err)
	}
	config, err := e.ControlPlanes.Config(r.ID)
	if err != nil {
		return fmt.Errorf("the access to cluster %s: %w", r.Name, err)
	}
	if err := e.Machines.AddCluster(ctx, c, config); err != nil {
		return fmt.Errorf("the machines of cluster %s: %w", r.Name, err)
	}
	for _, p := range replaced { // turning NodeLocal DNSCache on or off replaces all machines
		if err := e.Machines.EnsureNodePool(ctx, p); err != nil {
			return fmt.Errorf("the machines of cluster %s: %w", r.Name, err)
		}
	}
	r.Outputs["endpoint"] = access.Endpoint
	r.Outputs["masterAuth"] = map[string]any{
		"clientCertificate": "", "clientKey": "",
		"clientCertificateConfig": map[string]any{"issueClientCertificate": false},
		"clusterCaCertificate":    base64.StdEncoding.EncodeToString(access.CACertificate),
	}
	if config, ok := r.Outputs["privateClusterConfig"].(map[string]any); ok {
		config["publicEndpoint"] = access.Endpoint
	}
	a.Log.Info("the control plane answers", "cluster", r.Name, "endpoint", access.Endpoint)
	// Google creates a default pool here and the provider deletes it at once. Skipping both gives the same result.
	return nil
}

// stopCluster removes the machines, then the control plane. As on Google, nothing is drained.
func (e *Engine) stopCluster(ctx context.Context, a *api.API, r *api.Record) error {
	deleted := map[string]bool{}
	err := a.View(func(t *api.Tx) error {
		for _, p := range PoolsOf(t, r.ID) {
			e.addInstances(deleted, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.Machines.RemoveCluster(r.ID)
	if err := e.ControlPlanes.Delete(ctx, r.ID); err != nil {
		return fmt.Errorf("the control plane of cluster %s: %w", r.Name, err)
	}
	return a.Transact(func(t *api.Tx) error { return compute.DetachAll(t, deleted) })
}
