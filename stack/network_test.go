package stack_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"

	"geo-wordpress/ports"
	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

// frontEnds are Google's published ranges of its load balancers' front ends and health checks.
var frontEnds = []string{"130.211.0.0/22", "35.191.0.0/16"}

var networkRules = []invariant{
	{"ranges are disjoint and private", rangesAreDisjoint},
	{"subnetworks and clusters have the plan's ranges", subnetworksHaveThePlansRanges},
	{"firewalls admit the regions and the front ends, and nobody else", firewallsAdmitFew},
	{"every way in through a policy has an end", policiesAdmitFew},
	{"namespaces are closed by default", namespacesAreClosed},
	{"regions find and admit each other", regionsAdmitEachOther},
	{"machines have no address of their own", machinesArePrivate},
}

func rangesAreDisjoint(t rapid.TB, s *system) {
	var all []netip.Prefix
	for _, r := range s.Of("gcp:compute/subnetwork:Subnetwork") {
		all = append(all, prefix(t, r, "ipCidrRange"), prefix(t, r, "secondaryIpRanges.0.ipCidrRange"),
			prefix(t, r, "secondaryIpRanges.1.ipCidrRange"))
	}
	for _, r := range s.Of(stacktest.ClusterType) {
		all = append(all, prefix(t, r, "privateClusterConfig.masterIpv4CidrBlock"))
	}
	if len(all) != 4*len(s.config.Regions) {
		t.Errorf("%d ranges for %d regions, want 4 each", len(all), len(s.config.Regions))
	}
	for i, one := range all {
		// Pods keep their own address for these destinations, and policies match pods by address.
		if !netip.MustParsePrefix("10.0.0.0/8").Contains(one.Addr()) {
			t.Errorf("%s is not in 10.0.0.0/8", one)
		}
		for _, other := range all[i+1:] {
			if one.Overlaps(other) {
				t.Errorf("%s overlaps %s", one, other)
			}
		}
	}
}

func prefix(t rapid.TB, r *stacktest.Resource, path string) netip.Prefix {
	t.Helper()
	p, err := netip.ParsePrefix(r.Text(path))
	if err != nil {
		t.Fatalf("%s: %s: %v", r, path, err)
	}
	return p
}

func subnetworksHaveThePlansRanges(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		subnetwork, cluster := s.in(region, "Subnetwork")[0], s.clusterIn(region)
		for path, want := range map[string]any{
			"region": region.Name, "ipCidrRange": region.Ranges.Nodes.String(), "privateIpGoogleAccess": true,
			"secondaryIpRanges.0.rangeName":   cluster.At("ipAllocationPolicy.clusterSecondaryRangeName"),
			"secondaryIpRanges.0.ipCidrRange": region.Ranges.Pods.String(),
			"secondaryIpRanges.1.rangeName":   cluster.At("ipAllocationPolicy.servicesSecondaryRangeName"),
			"secondaryIpRanges.1.ipCidrRange": region.Ranges.Services.String(),
		} {
			if got := subnetwork.At(path); got != want {
				t.Errorf("%s: %s is %v, want %v", subnetwork, path, got, want)
			}
		}
		for path, want := range map[string]any{
			"location": region.Zone, "networkingMode": "VPC_NATIVE", "datapathProvider": "ADVANCED_DATAPATH",
			"privateClusterConfig.masterIpv4CidrBlock": region.Ranges.ControlPlane.String(),
			"dnsConfig.clusterDns":                     "CLOUD_DNS", "dnsConfig.clusterDnsScope": "VPC_SCOPE",
			"dnsConfig.clusterDnsDomain": region.DNSDomain,
		} {
			if got := cluster.At(path); got != want {
				t.Errorf("%s: %s is %v, want %v", cluster, path, got, want)
			}
		}
		if !slices.Contains(cluster.ReplaceOnChanges, "dnsConfig") {
			t.Errorf("%s plans an update of its DNS, which GKE refuses", cluster)
		}
	}
}

func (s *system) clusterIn(region regions.Region) *stacktest.Resource {
	for _, r := range s.Of(stacktest.ClusterType) {
		if s.regionOf(r) == region.Name {
			return r
		}
	}
	return nil
}

func firewallsAdmitFew(t rapid.TB, s *system) {
	type firewall struct {
		Direction    string   `json:"direction"`
		SourceRanges []string `json:"sourceRanges"`
		TargetTags   []string `json:"targetTags"`
		Allows       []struct {
			Protocol string   `json:"protocol"`
			Ports    []string `json:"ports"`
		} `json:"allows"`
	}
	var peers []string
	for _, region := range s.config.Regions {
		peers = append(peers, region.Ranges.Pods.String(), region.Ranges.Nodes.String())
	}
	slices.Sort(peers)
	tags := s.Of(stacktest.PoolType)[0].At("nodeConfig.tags")
	open := map[string][]string{} // ports by source
	for _, r := range s.Of("gcp:compute/firewall:Firewall") {
		var f firewall
		r.Into(&f)
		who := "neither the regions nor the front ends"
		sources := slices.Sorted(slices.Values(f.SourceRanges))
		switch {
		case slices.Equal(sources, peers):
			who = "regions"
		case slices.Equal(sources, frontEnds):
			who = "front ends"
		default:
			t.Errorf("%s admits %v", r, f.SourceRanges)
		}
		if f.Direction != "INGRESS" || len(f.TargetTags) != 1 || !slices.Equal(tags.([]any), []any{f.TargetTags[0]}) {
			t.Errorf("%s is for %s to %v, the machines are tagged %v", r, f.Direction, f.TargetTags, tags)
		}
		for _, allow := range f.Allows {
			if allow.Protocol == "tcp" && len(allow.Ports) == 0 {
				t.Errorf("%s opens every port", r)
			}
			if allow.Protocol == "tcp" {
				open[who] = append(open[who], allow.Ports...)
			} else if allow.Protocol != "icmp" {
				t.Errorf("%s allows %s", r, allow.Protocol)
			}
		}
	}
	var between []string
	for _, port := range ports.BetweenRegions() {
		between = append(between, strconv.Itoa(port))
	}
	if got := open["regions"]; !slices.Equal(got, between) {
		t.Errorf("the regions reach each other on %v, want %v", got, between)
	}
	if got, want := open["front ends"], []string{strconv.Itoa(ports.WordPressNode), strconv.Itoa(ports.HealthNode)}; !slices.Equal(got, want) {
		t.Errorf("the front ends reach the machines on %v, want %v", got, want)
	}
}

// policy is a NetworkPolicy.
type policy struct {
	*stacktest.Resource
	Spec struct {
		PodSelector stacktest.Selector `json:"podSelector"`
		PolicyTypes []string           `json:"policyTypes"`
		Ingress     []rule             `json:"ingress"`
		Egress      []rule             `json:"egress"`
	} `json:"spec"`
}

// rule is an ingress rule (From) or an egress rule (To).
type rule struct {
	From  []peer `json:"from"`
	To    []peer `json:"to"`
	Ports []struct {
		Port     int    `json:"port"`
		EndPort  int    `json:"endPort"`
		Protocol string `json:"protocol"`
	} `json:"ports"`
}

type peer struct {
	IPBlock *struct {
		CIDR   string   `json:"cidr"`
		Except []string `json:"except"`
	} `json:"ipBlock"`
	PodSelector       *stacktest.Selector `json:"podSelector"`
	NamespaceSelector *stacktest.Selector `json:"namespaceSelector"`
}

func (s *system) policies(region regions.Region) []policy {
	all, ok := s.admission[region.Name]
	if !ok {
		for _, r := range s.in(region, "NetworkPolicy") {
			p := policy{Resource: r}
			r.Into(&p)
			all = append(all, p)
		}
		s.admission[region.Name] = all
	}
	return all
}

func policiesAdmitFew(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		var known []string
		for _, other := range s.config.Regions {
			known = append(known, other.Ranges.Pods.String())
		}
		known = append(known, frontEnds...)
		for _, p := range s.policies(region) {
			for _, in := range p.Spec.Ingress {
				ports, err := json.Marshal(in.Ports)
				if err != nil {
					t.Fatal(err)
				}
				// The clients are the nodes, which mount for their pods, and no selector matches nodes.
				nfs := len(in.Ports) == 1 && in.Ports[0].Port == 2049 && p.Spec.PodSelector.MatchLabels["app.kubernetes.io/name"] == "nfs"
				if len(in.From) == 0 && !nfs {
					t.Errorf("%s admits everybody to %s", p, ports)
				}
				if len(in.Ports) == 0 {
					t.Errorf("%s opens every port to %+v", p, in.From)
				}
				for _, from := range in.From {
					if from.IPBlock != nil && !slices.Contains(known, from.IPBlock.CIDR) {
						t.Errorf("%s admits %s to %s", p, from.IPBlock.CIDR, ports)
					}
					if from.IPBlock == nil && (from.PodSelector == nil || len(from.PodSelector.MatchLabels) == 0) {
						t.Errorf("%s admits every pod of a namespace to %s", p, ports)
					}
				}
			}
			for _, out := range p.Spec.Egress {
				if len(out.To) == 0 || len(out.Ports) == 0 {
					t.Errorf("%s lets out to everybody, or on every port: %+v", p, out)
				}
				for _, to := range out.To {
					if to.IPBlock != nil && to.IPBlock.CIDR == "0.0.0.0/0" && !excludesPrivate(to.IPBlock.Except) {
						t.Errorf("%s lets out to private addresses, the metadata server or other clusters: but for %v", p, to.IPBlock.Except)
					}
				}
			}
		}
	}
}

// excludesPrivate says whether the exceptions cover the VPC and every link-local address.
func excludesPrivate(except []string) bool {
	for _, private := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"} {
		if !slices.Contains(except, private) {
			return false
		}
	}
	return true
}

func namespacesAreClosed(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		for _, namespace := range s.in(region, "Namespace") {
			if !namespace.Custom {
				continue
			}
			closed := false
			for _, p := range s.policies(region) {
				closed = closed || s.namespaceOf(p.Resource) == namespace && len(p.Spec.PodSelector.MatchLabels) == 0 &&
					slices.Equal(p.Spec.PolicyTypes, []string{"Ingress", "Egress"}) && len(p.Spec.Ingress)+len(p.Spec.Egress) == 0
			}
			if !closed {
				t.Errorf("nothing closes %s", namespace)
			}
		}
	}
}

func machinesArePrivate(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		cluster, nat, subnetwork := s.clusterIn(region), s.in(region, "RouterNat")[0], s.in(region, "Subnetwork")[0]
		if cluster.At("privateClusterConfig.enablePrivateNodes") != true {
			t.Errorf("the machines of %s have public addresses", cluster)
		}
		for _, block := range asList(cluster.At("masterAuthorizedNetworksConfig.cidrBlocks")) {
			admitted := netip.MustParsePrefix(block.(map[string]any)["cidrBlock"].(string))
			if !slices.Contains(s.config.AuthorizedNetworks, admitted) {
				t.Errorf("%s admits %s to its control plane", cluster, admitted)
			}
		}
		if cluster.At("masterAuthorizedNetworksConfig") == nil {
			t.Errorf("%s admits everybody to its control plane", cluster)
		}
		// A list, so that the NAT depends on the subnetwork.
		if nat.Text("sourceSubnetworkIpRangesToNat") != "LIST_OF_SUBNETWORKS" || !s.Closure(nat)[subnetwork] {
			t.Errorf("%s does not name its subnetwork", nat)
		}
	}
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}
