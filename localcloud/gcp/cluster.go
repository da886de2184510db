package gcp

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"geo-wordpress/localcloud/cloud"
)

const clusterType = "gcp:container/cluster:Cluster"

// kubernetesVersion is what the control planes run, in GKE's form.
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
	// The provider looks at the state, not at the program: turning the protection off needs an update of its own.
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
	if err := t.admitClusterRanges(r); err != nil {
		return err
	}
	if err := t.admitClusterDNS(r, old); err != nil {
		return err
	}
	return t.fillCluster(r)
}

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

func (t *txn) fillCluster(r *record) error {
	o := r.Outputs
	locations := o.strs("nodeLocations")
	for _, z := range locations {
		if regionOf(z) != regionOf(r.Place) || !isZone(z) {
			return badRequest("Node location %q is not a zone of region %q.", z, regionOf(r.Place))
		}
	}
	if isZone(r.Place) {
		if slices.Contains(locations, r.Place) {
			return badRequest("node_locations are the zones beside the cluster's own %q, which must not be listed.", r.Place)
		}
		o.fill("nodeLocations", []any{})
	} else {
		o.fill("nodeLocations", anys(zonesOf(r.Place)[:3]))
	}
	o["clusterIpv4Cidr"] = o.str("ipAllocationPolicy.clusterIpv4CidrBlock")
	o["servicesIpv4Cidr"] = o.str("ipAllocationPolicy.servicesIpv4CidrBlock")
	o.fill("ipAllocationPolicy.stackType", "IPV4")
	o.fill("ipAllocationPolicy.podCidrOverprovisionConfig", map[string]any{"disabled": false})
	o.fill("defaultMaxPodsPerNode", 110.0)
	o.fill("datapathProvider", "DATAPATH_PROVIDER_UNSPECIFIED")
	o.fill("databaseEncryption", map[string]any{"state": "DECRYPTED", "keyName": ""})
	o.fill("defaultSnatStatus", map[string]any{"disabled": false})
	o.fill("releaseChannel", map[string]any{"channel": "REGULAR"})
	o.fill("loggingConfig", map[string]any{"enableComponents": []any{"SYSTEM_COMPONENTS", "WORKLOADS"}})
	o.fill("monitoringConfig", map[string]any{"enableComponents": []any{"SYSTEM_COMPONENTS"}})
	o.fill("loggingService", "logging.googleapis.com/kubernetes")
	o.fill("monitoringService", "monitoring.googleapis.com/kubernetes")
	o.fill("enableIntranodeVisibility", false)
	o.fill("masterVersion", gkeVersion)
	o.fill("nodeVersion", gkeVersion)
	o.fill("minMasterVersion", gkeVersion)
	for _, none := range []string{"operation", "tpuIpv4CidrBlock"} {
		o.fill(none, "")
	}
	// The pools that Google lists here come and go by resources of their own, which a refresh would call drift.
	o.fill("nodePools", []any{})
	o["labelFingerprint"] = fingerprint(o.strMap("resourceLabels"))
	// The v1beta1 form is the one the published provider, built on google-beta, answers with.
	o.fill("selfLink", "https://container.googleapis.com/v1beta1/"+
		strings.Replace(r.ID, "/locations/"+r.Place, locationPath(r.Place), 1))
	if cidr := o.str("privateClusterConfig.masterIpv4CidrBlock"); cidr != "" {
		p, err := netip.ParsePrefix(cidr)
		if err != nil {
			return err
		}
		o.fill("privateClusterConfig.privateEndpoint", p.Addr().Next().Next().String())
		o.fill("privateClusterConfig.peeringName", "")
		o.fill("privateClusterConfig.masterGlobalAccessConfig", map[string]any{"enabled": false})
	}
	return nil
}

func locationPath(location string) string {
	if isZone(location) {
		return "/zones/" + location
	}
	return "/locations/" + location
}

// cluster is a cluster as the parts below know it.
func (t *txn) cluster(r *record) (cloud.Cluster, error) {
	c := cloud.Cluster{ID: r.ID, Project: r.Project, Location: r.Place, Name: r.Name, Network: r.target("network"),
		DNSDomain: dnsDomain(r), VPCScope: r.Outputs.str("dnsConfig.clusterDnsScope") == "VPC_SCOPE"}
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

// startCluster brings the control plane up. It runs at creation, after a change, and when the cloud starts again.
func startCluster(ctx context.Context, a *API, r, _ *record) error {
	var c cloud.Cluster
	err := a.view(func(t *txn) (err error) {
		c, err = t.cluster(r)
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
		// Google makes a default pool here and the provider deletes it at once. What is left is the same without.
		return nil
	}
	return a.ensureDefaultPool(ctx, r)
}

// stopCluster takes the machines and then the control plane away. As on Google nothing is drained.
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

// clusterHash is what GKE tells the parts of clusters of one name apart by.
func clusterHash(r *record) string {
	sum := sha256.Sum256([]byte(r.ID + r.Created.String()))
	return fmt.Sprintf("%x", sum[:4])
}

// nodeTag is the network tag that GKE gives to a cluster's nodes.
func nodeTag(r *record) string { return fmt.Sprintf("gke-%s-%s-node", r.Name, clusterHash(r)) }

// clusterFirewalls are the rules that GKE makes for a cluster: its nodes and pods reach its nodes, and so does its
// control plane on the kubelets' and the webhooks' ports.
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
