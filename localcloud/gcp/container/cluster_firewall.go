package container

import (
	"crypto/sha256"
	"fmt"
	"net/netip"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/compute"
)

// nodeTag is the network tag that GKE gives to a cluster's nodes. Its hash distinguishes clusters of the same name.
func nodeTag(r *api.Record) string {
	sum := sha256.Sum256([]byte(r.ID + r.Created.String()))
	return fmt.Sprintf("gke-%s-%x-node", r.Name, sum[:4])
}

// Firewalls returns the firewall rules that GKE creates for a cluster: its nodes and pods may reach its nodes, and its
// control plane the kubelets' and the webhooks' ports.
func Firewalls(t *api.Tx, r *api.Record) ([]compute.Firewall, error) {
	c, err := clusterOf(t, r)
	if err != nil {
		return nil, err
	}
	rules := []compute.Firewall{{Network: c.Network, Tags: []string{nodeTag(r)},
		Sources: []netip.Prefix{c.NodeRange, c.PodRange}, Ports: []compute.PortRange{{}}}}
	if p, err := compute.ParseRange(r.Outputs.Str("privateClusterConfig.masterIpv4CidrBlock")); err == nil {
		rules = append(rules, compute.Firewall{Network: c.Network, Tags: []string{nodeTag(r)}, Sources: []netip.Prefix{p},
			Ports: []compute.PortRange{{Protocol: "tcp", Low: 443, High: 443}, {Protocol: "tcp", Low: 10250, High: 10250}}})
	}
	return rules, nil
}
