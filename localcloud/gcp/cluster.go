package gcp

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"

	"geo-wordpress/localcloud/cloud"
)

const clusterType = "gcp:container/cluster:Cluster"

// kubernetesVersion is the version that the control planes run; gkeVersion is the same in GKE's form.
const (
	kubernetesVersion = "1.33.0"
	gkeVersion        = kubernetesVersion + "-gke.1000000"
)

var clusterKind = register(&kind{
	token: clusterType, title: "Cluster", noun: "cluster", service: containerAPI, scope: located,
	naming: containerNames, fields: clusterFields,
	outputs: []string{"endpoint", "labelFingerprint", "masterVersion", "operation", "selfLink", "servicesIpv4Cidr",
		"tpuIpv4CidrBlock", "clusterIpv4Cidr", "databaseEncryption", "loggingService", "monitoringService", "nodePools"},
	id:    memberID(clusters),
	check: checkCluster,
	admit: admitCluster,
	guard: guardCluster,
	start: startCluster,
	stop:  stopCluster,
	gone: func(t *txn, r *record) error {
		pools, err := t.poolsOf(r.ID)
		for _, p := range pools {
			if err == nil {
				err = t.forgetPool(p)
			}
		}
		return err
	},
})

const protectedMessage = "Cannot destroy cluster because deletion_protection is set to true. Set it to false to " +
	"proceed with cluster deletion."

func guardCluster(t *txn, r *record) error {
	// The provider checks the state, not the program: turning the protection off needs an update before the delete.
	if r.Outputs.flag("deletionProtection") {
		return fmt.Errorf("%s", protectedMessage)
	}
	pools, err := t.poolsOf(r.ID)
	if err != nil {
		return err
	}
	for _, p := range pools {
		if err := t.requireUnused(nodePoolKind, p); err != nil {
			return err
		}
	}
	return nil
}

// admitCluster checks a cluster against its VPC, and fills its outputs.
func admitCluster(t *txn, r, old *record) error {
	o := r.Outputs
	if o.str("dnsConfig.clusterDns") == "CLOUD_DNS" {
		if err := t.requireAPI(r.Project, dnsAPI); err != nil {
			return err
		}
	}
	if old == nil && o.num("initialNodeCount") < 1 {
		return badRequest("Cluster.initial_node_count must be greater than zero.")
	}
	if want := r.Project + ".svc.id.goog"; o.has("workloadIdentityConfig") &&
		o.str("workloadIdentityConfig.workloadPool") != want {
		return badRequest("Workload pool %q is not supported: it must be %q.",
			o.str("workloadIdentityConfig.workloadPool"), want)
	}
	if old == nil { // GKE creates a default pool with every cluster, even if it is removed at once
		if err := t.requireAccount(r.Project, o.str("nodeConfig.serviceAccount")); err != nil {
			return err
		}
	}
	if err := t.admitClusterRanges(r); err != nil {
		return err
	}
	if err := t.admitClusterDNS(r, old); err != nil {
		return err
	}
	return t.fillCluster(r)
}

// cluster converts a record to the form that control planes and machines use.
func (t *txn) cluster(r *record) (cloud.Cluster, error) {
	c := cloud.Cluster{ID: r.ID, Project: r.Project, Location: r.Place, Name: r.Name, Network: r.target("network"),
		DNSDomain: dnsDomain(r), VPCScope: r.Outputs.str("dnsConfig.clusterDnsScope") == "VPC_SCOPE",
		NodeLocalDNS: nodeLocalDNS(r)}
	sub, err := t.get(r.target("subnetwork"))
	if err != nil {
		return c, err
	}
	if sub == nil {
		return c, fmt.Errorf("the subnetwork %s of cluster %s is not in the store", r.target("subnetwork"), r.ID)
	}
	for cidr, to := range map[string]*netip.Prefix{
		sub.Outputs.str("ipCidrRange"):    &c.NodeRange,
		r.Outputs.str("clusterIpv4Cidr"):  &c.PodRange,
		r.Outputs.str("servicesIpv4Cidr"): &c.ServiceRange,
	} {
		if *to, err = parseRange(cidr); err != nil {
			return c, fmt.Errorf("cluster %s: %w", r.ID, err)
		}
	}
	return c, nil
}

func nodeLocalDNS(cluster *record) bool {
	return cluster.Outputs.flag("addonsConfig.dnsCacheConfig.enabled")
}

// startCluster starts the control plane. It runs at creation, after an update, and when the cloud restarts.
func startCluster(ctx context.Context, a *API, r, old *record) error {
	var c cloud.Cluster
	var remade []cloud.NodePool
	err := a.view(func(t *txn) (err error) {
		if c, err = t.cluster(r); err != nil || old == nil || c.NodeLocalDNS == nodeLocalDNS(old) {
			return err
		}
		pools, err := t.poolsOf(r.ID)
		for _, p := range pools {
			if err == nil {
				var zones []cloud.NodePool
				zones, err = t.pools(p)
				remade = append(remade, zones...)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	a.log.Info("starting the control plane", "cluster", r.Name, "location", r.Place)
	access, err := a.controlPlanes.Ensure(ctx, c)
	if err != nil {
		return fmt.Errorf("the control plane of cluster %s: %w", r.Name, err)
	}
	config, err := a.controlPlanes.Config(r.ID)
	if err != nil {
		return fmt.Errorf("the access to cluster %s: %w", r.Name, err)
	}
	if err := a.machines.AddCluster(ctx, c, config); err != nil {
		return fmt.Errorf("the machines of cluster %s: %w", r.Name, err)
	}
	for _, p := range remade { // turning NodeLocal DNSCache on or off recreates all machines
		if err := a.machines.EnsureNodePool(ctx, p); err != nil {
			return fmt.Errorf("the machines of cluster %s: %w", r.Name, err)
		}
	}
	r.Outputs["endpoint"] = access.Endpoint
	r.Outputs["masterAuth"] = map[string]any{
		"clientCertificate": "", "clientKey": "",
		"clientCertificateConfig": map[string]any{"issueClientCertificate": false},
		"clusterCaCertificate":    base64.StdEncoding.EncodeToString(access.CACertificate),
	}
	if r.Outputs.has("privateClusterConfig") {
		r.Outputs["privateClusterConfig"].(map[string]any)["publicEndpoint"] = access.Endpoint
	}
	a.log.Info("the control plane answers", "cluster", r.Name, "endpoint", access.Endpoint)
	if r.Outputs.flag("removeDefaultNodePool") {
		// Google creates a default pool here and the provider deletes it at once. Skipping both gives the same result.
		return nil
	}
	return a.ensureDefaultPool(ctx, r)
}

// stopCluster removes the machines, then the control plane. As on Google, nothing is drained.
func stopCluster(ctx context.Context, a *API, r *record) error {
	gone := map[string]bool{}
	err := a.view(func(t *txn) error {
		pools, err := t.poolsOf(r.ID)
		for _, p := range pools {
			for _, i := range a.instances(p) {
				gone[i] = true
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	a.machines.RemoveCluster(r.ID)
	if err := a.controlPlanes.Delete(ctx, r.ID); err != nil {
		return fmt.Errorf("the control plane of cluster %s: %w", r.Name, err)
	}
	return a.update(func(t *txn) error { return t.detachAll(gone) })
}

// clusterHash is the hash by which GKE distinguishes the parts of clusters of the same name.
func clusterHash(r *record) string {
	sum := sha256.Sum256([]byte(r.ID + r.Created.String()))
	return fmt.Sprintf("%x", sum[:4])
}

// nodeTag is the network tag that GKE gives to a cluster's nodes.
func nodeTag(r *record) string { return fmt.Sprintf("gke-%s-%s-node", r.Name, clusterHash(r)) }

// clusterFirewalls returns the firewall rules that GKE creates for a cluster: its nodes and pods may reach its nodes,
// and its control plane the kubelets' and the webhooks' ports.
func (t *txn) clusterFirewalls(r *record) ([]firewall, error) {
	c, err := t.cluster(r)
	if err != nil {
		return nil, err
	}
	rules := []firewall{{network: c.Network, priority: 1000, tags: []string{nodeTag(r)},
		sources: []netip.Prefix{c.NodeRange, c.PodRange}, ports: []portRule{{protocol: "all"}}}}
	if p, err := parseRange(r.Outputs.str("privateClusterConfig.masterIpv4CidrBlock")); err == nil {
		rules = append(rules, firewall{network: c.Network, priority: 1000, tags: []string{nodeTag(r)},
			sources: []netip.Prefix{p}, ports: []portRule{{protocol: "tcp", ranges: [][2]int{{443, 443}, {10250, 10250}}}}})
	}
	return rules, nil
}
