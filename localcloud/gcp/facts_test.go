package gcp

import (
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

func TestFirewallsAdmit(t *testing.T) {
	s := build(t, "address")
	vpc := s.ids["vpc"]
	from := netip.MustParseAddr
	mine := s.hardware.pool(s.ids["pool"]).Tags
	other := []string{"node"} // a machine of another cluster, to which this cluster's own rules do not apply
	type packet struct {
		from     string
		tags     []string
		protocol string
		port     int
		admitted bool
	}
	check := func(packets ...packet) {
		t.Helper()
		for _, p := range packets {
			assert.Equal(t, p.admitted, s.api.Admits(vpc, from(p.from), p.tags, p.protocol, p.port), "%+v", p)
		}
	}
	check(
		packet{"10.4.3.2", other, "tcp", 2379, true},
		packet{"10.4.3.2", other, "tcp", 2380, true},
		packet{"10.4.3.2", other, "tcp", 2381, false},
		packet{"10.4.3.2", other, "udp", 2379, false},
		packet{"10.4.3.2", other, "icmp", 0, true},
		packet{"10.5.3.2", other, "tcp", 2379, false},
		packet{"10.4.3.2", nil, "tcp", 2379, false},
		packet{"10.4.3.2", []string{"else"}, "tcp", 2379, false},
		packet{"10.4.3.2", mine, "tcp", 9999, true}, // GKE's own rule: everything within the cluster
		packet{"10.0.0.5", mine, "udp", 53, true},
		packet{"10.15.0.2", mine, "tcp", 10250, true},
		packet{"10.15.0.2", mine, "tcp", 80, false},
	)
	assert.False(t, s.api.Admits("projects/geo-project/global/networks/other", from("10.4.3.2"), other, "tcp", 2379))

	in := s.with("peers", props{"targetTags": []any{"else"}})
	_, err := s.engine.update(firewallType, "peers", s.ids["peers"], s.inputs["peers"], in)
	require.NoError(t, err)
	check(packet{"10.4.3.2", other, "tcp", 2379, false}, packet{"10.4.3.2", []string{"else"}, "tcp", 2379, true})
}

func TestInternetByNAT(t *testing.T) {
	s := build(t, "address")
	id := s.ids["cluster"]
	assert.True(t, s.api.Internet(id))
	require.NoError(t, s.delete(natType, "nat", s.ids["nat"]))
	assert.False(t, s.api.Internet(id))
	require.NoError(t, s.make(stepNamed("nat")))
	assert.True(t, s.api.Internet(id))
	assert.False(t, s.api.Internet("projects/geo-project/locations/europe-west1-b/clusters/none"))
}

func TestDisksAndInstances(t *testing.T) {
	s := build(t, "address")
	disk := s.ids["disk"]
	assert.Regexp(t, `^projects/geo-project/zones/europe-west1-b/disks/disk-[0-9a-f]{7}$`, disk, "the CSI volume handle")
	d, ok := s.api.Disk(disk)
	require.True(t, ok)
	assert.Equal(t, cloud.Disk{ID: disk, Zone: zone, SizeGB: 20}, d)
	_, ok = s.api.Disk(s.ids["vpc"])
	assert.False(t, ok, "a network is no disk")

	instances := s.hardware.Instances(s.ids["pool"])
	require.Len(t, instances, 2)
	require.ErrorContains(t, s.api.Attach("projects/geo-project/zones/europe-west1-b/disks/none", instances[0], zone), "was not found")
	require.ErrorContains(t, s.api.Attach(disk, instances[0], "europe-west1-c"), "The disk is in zone 'europe-west1-b'")
	require.NoError(t, s.api.Attach(disk, instances[0], zone))
	require.NoError(t, s.api.Attach(disk, instances[0], zone), "attaching again is no error")
	require.ErrorContains(t, s.api.Attach(disk, instances[1], zone), "is already being used by 'projects/geo-project/zones/europe-west1-b/instances/"+instances[0])
	require.ErrorContains(t, s.delete(diskType, "disk", disk), "resourceInUseByAnotherResource")

	s.api.Detach(disk, instances[1])
	require.Error(t, s.delete(diskType, "disk", disk), "a detach from an instance that does not hold it does nothing")
	s.api.Detach(disk, instances[0])
	require.NoError(t, s.api.Attach(disk, instances[1], zone))

	// Scaling down removes the machine that holds the disk.
	_, err := s.engine.update(api.NodePoolType, "pool", s.ids["pool"], s.inputs["pool"], s.with("pool", props{"nodeCount": 1}))
	require.NoError(t, err)
	require.NoError(t, s.api.Attach(disk, instances[0], zone))

	require.Error(t, s.delete(diskType, "disk", disk))
	require.NoError(t, s.delete(api.NodePoolType, "pool", s.ids["pool"]))
	require.NoError(t, s.delete(diskType, "disk", disk), "the machines are gone")
}

// The CSI driver enlarges a disk beside the program. It never shrinks one, and a refresh shows what it did.
func TestDisksGrow(t *testing.T) {
	s := build(t, "address")
	disk := s.ids["disk"]
	for _, c := range []struct{ want, size int }{{10, 20}, {20, 20}, {30, 30}, {25, 30}} {
		size, err := s.api.Resize(disk, c.want)
		require.NoError(t, err)
		assert.Equal(t, c.size, size, "resized to %d GiB", c.want)
		d, _ := s.api.Disk(disk)
		assert.Equal(t, c.size, d.SizeGB)
	}
	_, err := s.api.Resize(disk, 65537)
	require.ErrorContains(t, err, "cannot be larger than 65536 GB")
	_, err = s.api.Resize("projects/geo-project/zones/europe-west1-b/disks/none", 40)
	require.ErrorContains(t, err, "was not found")

	_, _, state := s.engine.read(diskType, "disk", disk, s.inputs["disk"])
	assert.Equal(t, 30.0, state["size"].NumberValue())
	back := s.engine.diff(diskType, "disk", disk, s.inputs["disk"], s.inputs["disk"], state)
	assert.Equal(t, []string{"size"}, back.Replaces, "the smaller size of the program")
}

func TestClusterGoneFreesItsDisks(t *testing.T) {
	s := build(t, "address")
	require.NoError(t, s.api.Attach(s.ids["disk"], s.hardware.Instances(s.ids["pool"])[0], zone))
	// As after a restart in which the machines did not come back.
	s.hardware.set(func() { s.hardware.pools = map[string]cloud.NodePool{} })
	require.NoError(t, s.delete(api.ClusterType, "cluster", s.ids["cluster"]))
	require.NoError(t, s.delete(diskType, "disk", s.ids["disk"]))
}

func TestRanges(t *testing.T) {
	s := build(t, "address")
	subnet := func(primary string, secondary ...any) error {
		_, _, err := s.engine.create(subnetworkType, "more", resource.NewPropertyMapFromMap(props{
			"network": s.ids["vpc"], "region": "europe-west2", "ipCidrRange": primary, "secondaryIpRanges": secondary}))
		return err
	}
	second := func(name, cidr string) any { return props{"rangeName": name, "ipCidrRange": cidr} }
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"a primary range in a primary":       {subnet("10.0.8.0/24"), "conflicts with existing subnetwork 'subnet-"},
		"a primary range around a secondary": {subnet("10.4.0.0/14"), "conflicts with existing subnetwork"},
		"a secondary range in a secondary":   {subnet("10.20.0.0/20", second("a", "10.8.0.0/24")), "conflicts with existing subnetwork"},
		"its own ranges":                     {subnet("10.20.0.0/20", second("a", "10.20.1.0/24")), "another range of this subnetwork"},
		"a control plane's":                  {subnet("10.15.0.0/24"), "the control plane of cluster"},
	} {
		require.ErrorContains(t, c.err, c.says, name)
		require.ErrorContains(t, c.err, "Invalid IPCidrRange", name)
	}
	require.NoError(t, subnet("10.20.0.0/20", second("a", "10.24.0.0/16"), second("b", "10.28.0.0/24")))

	// Ranges of different VPCs do not conflict.
	_, _, err := s.engine.create(networkType, "other", resource.NewPropertyMapFromMap(props{"name": "other", "autoCreateSubnetworks": false}))
	require.NoError(t, err)
	_, _, err = s.engine.create(subnetworkType, "same", resource.NewPropertyMapFromMap(props{
		"network": "other", "region": region, "ipCidrRange": "10.0.0.0/20"}))
	require.NoError(t, err)

	// A network in auto mode reserves 10.128.0.0/9.
	_, _, err = s.engine.create(networkType, "auto", resource.NewPropertyMapFromMap(props{"name": "auto"}))
	require.NoError(t, err)
	_, _, err = s.engine.create(subnetworkType, "in-auto", resource.NewPropertyMapFromMap(props{
		"network": "auto", "region": region, "ipCidrRange": "10.130.0.0/20"}))
	require.ErrorContains(t, err, "auto mode subnetworks")

	_, err = s.engine.update(subnetworkType, "subnet", s.ids["subnet"], s.inputs["subnet"],
		s.with("subnet", props{"secondaryIpRanges": []any{second("services", "10.8.0.0/20")}}))
	require.ErrorContains(t, err, "secondary range 'pods'", "a cluster's range stays")
	_, err = s.engine.update(subnetworkType, "subnet", s.ids["subnet"], s.inputs["subnet"],
		s.with("subnet", props{"ipCidrRange": "10.0.0.0/19"}))
	require.NoError(t, err)
}

func TestClustersInOneVPC(t *testing.T) {
	s := build(t, "address")
	_, _, err := s.engine.create(subnetworkType, "second", resource.NewPropertyMapFromMap(props{"name": "second",
		"network": s.ids["vpc"], "region": region, "ipCidrRange": "10.32.0.0/20", "secondaryIpRanges": []any{
			props{"rangeName": "pods", "ipCidrRange": "10.36.0.0/22"}, props{"rangeName": "services", "ipCidrRange": "10.40.0.0/20"}}}))
	require.NoError(t, err)
	base := func(changes props) resource.PropertyMap {
		in := stepNamed("cluster").inputs(s)
		in["subnetwork"] = "second"
		in["privateClusterConfig"] = props{"enablePrivateNodes": true, "masterIpv4CidrBlock": "10.15.0.16/28"}
		in["dnsConfig"] = props{"clusterDns": "CLOUD_DNS", "clusterDnsScope": "VPC_SCOPE", "clusterDnsDomain": "second.geo"}
		for k, v := range changes {
			in[k] = v
		}
		return resource.NewPropertyMapFromMap(in)
	}
	for says, changes := range map[string]props{
		"is in use by cluster":                                                 {"subnetwork": s.ids["subnet"]},
		"was not found in subnetwork":                                          {"ipAllocationPolicy": props{"clusterSecondaryRangeName": "none", "servicesSecondaryRangeName": "services"}},
		"cannot have the same secondary range":                                 {"ipAllocationPolicy": props{"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "pods"}},
		"overlaps with the range 10.15.0.0/28 of the control plane of cluster": {"privateClusterConfig": props{"enablePrivateNodes": true, "masterIpv4CidrBlock": "10.15.0.0/28"}},
		"overlaps with the range 10.4.0.0/16 of existing subnetwork":           {"privateClusterConfig": props{"enablePrivateNodes": true, "masterIpv4CidrBlock": "10.4.9.0/28"}},
		"master_ipv4_cidr_block must be set":                                   {"privateClusterConfig": props{"enablePrivateNodes": true}},
		`"europe-west1.geo" is not unique in network`:                          {"dnsConfig": props{"clusterDns": "CLOUD_DNS", "clusterDnsScope": "VPC_SCOPE", "clusterDnsDomain": "europe-west1.geo"}},
		"and region \"europe-west2\"":                                          {"location": "europe-west2-a", "subnetwork": "projects/geo-project/regions/europe-west1/subnetworks/second"},
		"Workload pool":                                                        {"workloadIdentityConfig": props{"workloadPool": "other.svc.id.goog"}},
		"was not found":                                                        {"location": "europe-west1-z"},
		"runs zonal clusters only":                                             {"location": "europe-west1"},
	} {
		_, _, err := s.engine.create(api.ClusterType, "second", base(changes))
		require.ErrorContains(t, err, says)
	}
	id, out, err := s.engine.create(api.ClusterType, "second", base(nil))
	require.NoError(t, err)
	assert.Len(t, s.hardware.planes, 2)
	assert.Equal(t, "10.36.0.0/22", out["clusterIpv4Cidr"].StringValue())

	_, err = s.engine.update(api.ClusterType, "second", id, base(nil), base(props{"dnsConfig": props{
		"clusterDns": "CLOUD_DNS", "clusterDnsScope": "VPC_SCOPE", "clusterDnsDomain": "third.geo"}}))
	require.ErrorContains(t, err, "Cluster DNS Scope cannot be toggled")

	own := props{"serviceAccount": s.out("account", "email")}
	_, _, err = s.engine.create(api.NodePoolType, "big", resource.NewPropertyMapFromMap(props{"cluster": id, "nodeCount": 5, "nodeConfig": own}))
	require.ErrorContains(t, err, "IP_SPACE_EXHAUSTED", "a /22 has four /24")
	_, _, err = s.engine.create(api.NodePoolType, "fits", resource.NewPropertyMapFromMap(props{"cluster": id, "nodeCount": 4, "nodeConfig": own}))
	require.NoError(t, err)
}

func TestClusterAsTheMachinesSeeIt(t *testing.T) {
	s := build(t, "address")
	assert.Equal(t, cloud.Cluster{
		ID: s.ids["cluster"], Project: project, Location: zone, Name: s.out("cluster", "name"), Network: s.ids["vpc"],
		DNSDomain: "europe-west1.geo", VPCScope: true, NodeLocalDNS: true, ManagedCollection: true, NodeRange: netip.MustParsePrefix("10.0.0.0/20"),
		PodRange: netip.MustParsePrefix("10.4.0.0/16"), ServiceRange: netip.MustParsePrefix("10.8.0.0/20"),
	}, s.hardware.planes[s.ids["cluster"]])
}
