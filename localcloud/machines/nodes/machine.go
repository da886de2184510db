// Package nodes simulates the machines of GKE node pools and their nodes in the API server: it creates, registers,
// boots, drains and removes machines, and sends their heartbeats.
package nodes

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"geo-wordpress/localcloud/cloud"
)

// Power is the power state of a machine.
type Power int

const (
	On      Power = iota
	Off           // lost, with everything that ran on it, but not its disks
	Booting       // has power again, but its kubelet has not registered yet
)

func (p Power) String() string { return [...]string{"on", "off", "booting"}[p] }

// Machine is one simulated machine. Only Power and BootAt change; the inventory guards them.
type Machine struct {
	Name    string
	Pool    string // the pool's ID
	Zone    string
	IP      netip.Addr
	PodCIDR netip.Prefix
	Power   Power
	BootAt  time.Time // when booting ends
}

// Restore returns the machine of a node.
func Restore(pool cloud.NodePool, node *corev1.Node) (*Machine, error) {
	m := &Machine{Name: node.Name, Pool: pool.ID, Zone: node.Labels[corev1.LabelTopologyZone]}
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			m.IP, _ = netip.ParseAddr(address.Address)
		}
	}
	var err error
	if m.PodCIDR, err = netip.ParsePrefix(node.Spec.PodCIDR); err != nil || !m.IP.IsValid() {
		return nil, fmt.Errorf("node %s has no address or no pod range: delete it, and a new machine takes its place", node.Name)
	}
	return m, nil
}

// Taken is the set of machine addresses and pod ranges in use.
type Taken struct {
	ips    map[netip.Addr]bool
	ranges map[netip.Prefix]bool
}

// Add adds a machine's address and range.
func (t *Taken) Add(m *Machine) {
	if t.ips == nil {
		t.ips, t.ranges = map[netip.Addr]bool{}, map[netip.Prefix]bool{}
	}
	t.ips[m.IP], t.ranges[m.PodCIDR] = true, true
}

// NewMachine returns a machine with a new name, and the first address and range that are free.
func (t *Taken) NewMachine(c cloud.Cluster, p cloud.NodePool) (*Machine, error) {
	m := &Machine{Name: machineName(c, p), Pool: p.ID, Zone: p.Zone}
	var err error
	if m.IP, err = t.freeAddress(c); err != nil {
		return nil, err
	}
	m.PodCIDR, err = t.freePodRange(c)
	return m, err
}

// machineName generates a name as an instance group does: the group's name without -grp, and four characters.
func machineName(c cloud.Cluster, p cloud.NodePool) string {
	base := strings.TrimSuffix(p.InstanceGroup, "-grp")
	if base == "" {
		base = fmt.Sprintf("gke-%.20s-%.20s", c.Name, p.Name)
	}
	return base + "-" + strings.ToLower(rand.Text()[:4])
}

// freeAddress returns the first free address of the node range. Google reserves the first two and the last two.
func (t *Taken) freeAddress(c cloud.Cluster) (netip.Addr, error) {
	ip := c.NodeRange.Masked().Addr().Next().Next()
	for ; c.NodeRange.Contains(ip.Next().Next()); ip = ip.Next() {
		if !t.ips[ip] {
			return ip, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("the node range %s has no free address: enlarge the subnetwork", c.NodeRange)
}

// podRangeBits is the prefix length of a node's part of the pod range, which has twice as many addresses as pods.
const podRangeBits = 24

// freePodRange returns the first free block of the pod range.
func (t *Taken) freePodRange(c cloud.Cluster) (netip.Prefix, error) {
	base := c.PodRange.Masked().Addr()
	for c.PodRange.Contains(base) {
		block := netip.PrefixFrom(base, podRangeBits)
		if !t.ranges[block] {
			return block, nil
		}
		octets := base.As4()
		next := binary.BigEndian.Uint32(octets[:]) + 1<<(32-podRangeBits)
		binary.BigEndian.PutUint32(octets[:], next)
		base = netip.AddrFrom4(octets)
	}
	return netip.Prefix{}, fmt.Errorf("the pod range %s has no free /%d for another node: enlarge the secondary range", c.PodRange, podRangeBits)
}
