package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"geo-wordpress/regions"
)

// ownAddress is the public IPv4 address of this machine, as Google's name server sees it: it answers this name with the
// asker's address. No third party learns that a stack is about to be made.
func ownAddress(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", "ns1.google.com:53")
	}}
	texts, err := resolver.LookupTXT(ctx, "o-o.myaddr.l.google.com")
	if err != nil || len(texts) == 0 {
		return "", fmt.Errorf("ns1.google.com does not answer")
	}
	return texts[0], nil
}

// operator checks that this machine may reach the control planes.
func (d *doctor) operator(ctx context.Context) {
	const check = "authorized networks"
	if d.settings == nil || d.settings.config == nil {
		d.skip(check, "needs a valid configuration", "")
		return
	}
	networks := d.settings.config.AuthorizedNetworks
	set := "pulumi config set --path 'authorizedNetworks[" + fmt.Sprint(len(networks)) + "]' "
	text, err := d.address(ctx)
	own, parseErr := netip.ParseAddr(text)
	if err != nil || parseErr != nil {
		if len(networks) == 0 {
			d.fail(check, "none: Pulumi would reach no control plane, and would hang at the first object in a cluster", set+"YOUR-ADDRESS/32")
			return
		}
		d.skip(check, "this machine's public address is unknown, because ns1.google.com does not answer", "make sure that it is in authorizedNetworks")
		return
	}
	for _, network := range networks {
		if network.Contains(own) {
			d.ok(check, fmt.Sprintf("this machine's address %s is in %s", own, network))
			return
		}
	}
	d.fail(check, fmt.Sprintf("this machine's address %s is in none of them: Pulumi would hang at the first object in a cluster", own), set+own.String()+"/32")
}

// ranges checks the stack's addresses against the project's other networks. The stack has a network of its own, so nothing
// can collide with it; but networks with common addresses cannot be peered later, and addresses cannot be changed.
func (d *doctor) ranges(ctx context.Context, compute bool) {
	const check = "ranges"
	if d.settings.config == nil {
		d.skip(check, "needs a valid configuration", "")
		return
	}
	if !compute {
		d.ok(check, computeEngine+" is not enabled, so the project has no networks")
		return
	}
	var answer struct {
		Items map[string]struct {
			Subnetworks []struct {
				Network, IPCidrRange string
				SecondaryIPRanges    []struct{ IPCidrRange string } // Pods and Services of other clusters
			}
		}
	}
	id := d.settings.project
	if err := d.google.get(ctx, computeEngine, "/compute/v1/projects/"+id+"/aggregated/subnetworks", nil, &answer); err != nil {
		found, remedy := explain(err, id)
		d.skip(check, found, remedy)
		return
	}
	var overlaps []string
	for _, scope := range answer.Items {
		for _, subnetwork := range scope.Subnetworks {
			network := subnetwork.Network[strings.LastIndex(subnetwork.Network, "/")+1:]
			if d.held.networks[network] {
				continue
			}
			overlaps = append(overlaps, d.overlaps(subnetwork.IPCidrRange, network)...)
			for _, secondary := range subnetwork.SecondaryIPRanges {
				overlaps = append(overlaps, d.overlaps(secondary.IPCidrRange, network)...)
			}
		}
	}
	if len(overlaps) > 0 {
		d.warn(check, fmt.Sprintf("%d overlap, for example %s. No harm, unless the networks are to be peered", len(overlaps), overlaps[0]),
			"pulumi config set addressBase 10.N.0.0/12, before the first update")
		return
	}
	d.ok(check, "no network of the project has the same addresses")
}

// overlaps are the stack's ranges that have addresses of another network's range.
func (d *doctor) overlaps(text, network string) (found []string) {
	other, err := netip.ParsePrefix(text)
	if err != nil {
		return nil
	}
	for _, region := range d.settings.config.Regions {
		for _, own := range all(region) {
			if own.Overlaps(other) {
				found = append(found, fmt.Sprintf("%s's %s with %s of network %s", region.Name, own, other, network))
			}
		}
	}
	return found
}

func all(region regions.Region) []netip.Prefix {
	r := region.Ranges
	return []netip.Prefix{r.Nodes, r.Pods, r.Services, r.ControlPlane}
}
