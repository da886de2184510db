package netns

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Pod is a pod's network: a namespace with a loopback interface, and a veth pair into its region's network.
type Pod struct {
	Address   netip.Addr
	Namespace *os.File

	link netlink.Link // the region's end of the veth pair
}

var interfaces atomic.Int64

// Pod makes a network for a pod of the region, with an address never used before. The sysctls are the pod's, such as
// net.ipv4.ip_unprivileged_port_start.
func (n *Network) Pod(region string, sysctls map[string]string) (*Pod, error) {
	r := n.region(region)
	n.lock.Lock()
	r.next = r.next.Next()
	p := &Pod{Address: r.next}
	n.lock.Unlock()
	if !r.Ranges.Pods.Contains(p.Address) {
		return nil, fmt.Errorf("the pods' addresses of %s, %s, are used up", region, r.Ranges.Pods)
	}
	var err error
	if p.Namespace, err = newNamespace(); err != nil {
		return nil, fmt.Errorf("making a network namespace: %w", err)
	}
	number := interfaces.Add(1)
	attributes := netlink.NewLinkAttrs()
	attributes.Name = fmt.Sprintf("pod%d", number)
	attributes.MasterIndex = r.bridge.Index
	inner := fmt.Sprintf("inner%d", number)
	p.link = &netlink.Veth{LinkAttrs: attributes, PeerName: inner, PeerNamespace: netlink.NsFd(p.Namespace.Fd())}
	if err := netlink.LinkAdd(p.link); err != nil {
		return nil, fmt.Errorf("making the network interface of a pod: %w", err)
	}
	if err := netlink.LinkSetUp(p.link); err != nil {
		return nil, err
	}
	return p, inside(p.Namespace, func() error { return p.configure(r, inner, sysctls) })
}

func (p *Pod) configure(r *region, name string, sysctls map[string]string) error {
	for key, value := range sysctls {
		path := filepath.Join("/proc/sys", strings.ReplaceAll(key, ".", "/"))
		if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
			return fmt.Errorf("setting the sysctl %s: %w", key, err)
		}
	}
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return err
	}
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetName(link, "eth0"); err != nil {
		return err
	}
	if err := assign(link, netip.PrefixFrom(p.Address, r.Ranges.Pods.Bits())); err != nil {
		return err
	}
	gateway := r.Ranges.Pods.Addr().Next()
	return netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: net.IP(gateway.AsSlice())})
}

// Unplug takes the pod off the network, as when its machine fails: peers get no notice and no answer.
func (p *Pod) Unplug() { _ = netlink.LinkSetDown(p.link) }

// Close removes the pod's network.
func (p *Pod) Close() {
	_ = netlink.LinkDel(p.link)
	_ = p.Namespace.Close()
}

// newNamespace makes a network namespace, which lives as long as the file is open or a process is in it.
func newNamespace() (*os.File, error) {
	type result struct {
		file *os.File
		err  error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- result{err: err}
			return
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		done <- result{file, err}
	}()
	r := <-done
	return r.file, r.err
}
