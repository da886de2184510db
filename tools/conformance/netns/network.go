// Package netns builds the network that the regions share from Linux's own parts: a bridge per region with the region's
// declared range of pod addresses, routes between the bridges, a network namespace per pod, and a name server for the
// declared Services. It can cut the network between two regions and delay their packets.
package netns

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"

	"geo-wordpress/regions"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Network is one network. The network namespace of this process is its router.
type Network struct {
	regions []*region

	lock      sync.Mutex
	cuts      map[[2]string][]netlink.Rule
	distances map[[2]string]*distance
	tables    int // the last routing table in use
}

type region struct {
	regions.Region
	bridge *netlink.Bridge
	next   netip.Addr
}

// nowhere is the routing table that drops everything. Later tables lead through distances.
const nowhere = 100

// New makes the network of the regions. Close takes it down.
func New(all []regions.Region) (*Network, error) {
	n := &Network{cuts: map[[2]string][]netlink.Rule{}, distances: map[[2]string]*distance{}, tables: nowhere}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return nil, fmt.Errorf("routing between the regions: %w", err)
	}
	for i, each := range all {
		r := &region{Region: each, bridge: &netlink.Bridge{LinkAttrs: netlink.NewLinkAttrs()}}
		r.bridge.Name = fmt.Sprintf("region%d", i)
		if err := netlink.LinkAdd(r.bridge); err != nil {
			return nil, fmt.Errorf("making the network of %s: %w", each.Name, err)
		}
		n.regions = append(n.regions, r)
		gateway := each.Ranges.Pods.Addr().Next()
		r.next = gateway
		for range 8 { // the first addresses of a node's range are not pods'
			r.next = r.next.Next()
		}
		if err := assign(r.bridge, netip.PrefixFrom(gateway, each.Ranges.Pods.Bits())); err != nil {
			return nil, err
		}
	}
	// Drop silently, as in a network that fell apart.
	lost := &netlink.Route{Table: nowhere, Type: unix.RTN_BLACKHOLE, Dst: everything()}
	if err := netlink.RouteReplace(lost); err != nil {
		return nil, fmt.Errorf("making the route that leads nowhere: %w", err)
	}
	return n, nil
}

// Close takes the network down, with whatever is left on it.
func (n *Network) Close() {
	n.lock.Lock()
	defer n.lock.Unlock()
	for pair, rules := range n.cuts {
		delete(n.cuts, pair)
		remove(rules)
	}
	for pair, d := range n.distances {
		delete(n.distances, pair)
		d.close()
	}
	for _, r := range n.regions {
		_ = netlink.LinkDel(r.bridge)
	}
}

// Assign gives the router an address, to serve on.
func (n *Network) Assign(address netip.Addr) error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return assign(loopback, netip.PrefixFrom(address, address.BitLen()))
}

func assign(link netlink.Link, prefix netip.Prefix) error {
	address := &netlink.Addr{IPNet: &net.IPNet{
		IP:   prefix.Addr().AsSlice(),
		Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen()),
	}}
	if err := netlink.AddrReplace(link, address); err != nil {
		return fmt.Errorf("assigning %s: %w", prefix, err)
	}
	return netlink.LinkSetUp(link)
}

func (n *Network) region(name string) *region {
	for _, r := range n.regions {
		if r.Name == name {
			return r
		}
	}
	panic(fmt.Sprintf("netns: no region %q", name))
}

func everything() *net.IPNet { return &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)} }

func ipNet(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), 32)}
}

// inside calls a function on a thread in a network namespace. The thread ends with the call.
func inside(namespace *os.File, call func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		done <- call()
	}()
	return <-done
}
