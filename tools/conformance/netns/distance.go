package netns

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// distance is the delay between two regions: a TUN interface that hands the packets to this process, which writes them
// back when they are due. (netem, the kernel's own way, is not in every kernel.)
type distance struct {
	device *os.File
	rules  []netlink.Rule
	done   chan struct{}
}

// Apart puts two regions at a distance: each way takes half of the round trip. 0 removes the distance.
func (n *Network) Apart(a, b string, roundTrip time.Duration) error {
	n.lock.Lock()
	defer n.lock.Unlock()
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		if d := n.distances[pair]; d != nil {
			d.close()
			delete(n.distances, pair)
		}
	}
	if roundTrip == 0 {
		return nil
	}
	n.tables++
	d, err := n.open(fmt.Sprintf("distance%d", n.tables), n.tables, roundTrip/2, a, b)
	if err != nil {
		return fmt.Errorf("putting %v between %s and %s: %w", roundTrip, a, b, err)
	}
	n.distances[[2]string{a, b}] = d
	return nil
}

func (n *Network) open(name string, table int, delay time.Duration, a, b string) (*distance, error) {
	handle, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening /dev/net/tun: %w", err)
	}
	d := &distance{done: make(chan struct{})}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(handle, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(handle)
		return nil, fmt.Errorf("making a network interface: %w", err)
	}
	d.device = os.NewFile(uintptr(handle), name)
	go d.carry(delay)
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetTxQLen(link, packets)
	}
	if err == nil {
		err = netlink.LinkSetUp(link)
	}
	if err == nil {
		err = netlink.RouteReplace(&netlink.Route{Table: table, LinkIndex: link.Attrs().Index, Dst: everything()})
	}
	if err == nil {
		// Match only packets that leave the regions: those that have crossed the distance go on to their destination.
		d.rules, err = n.between(a, b, table, distancePriority, true)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// packets is the maximum number of packets in transit.
const packets = 10000

// carry writes each packet back after the delay, in order, until the device is closed.
func (d *distance) carry(delay time.Duration) {
	defer close(d.done)
	type packet struct {
		due  time.Time
		data []byte
	}
	under := make(chan packet, packets)
	handed := make(chan struct{})
	go func() {
		defer close(handed)
		for p := range under {
			time.Sleep(time.Until(p.due))
			_, _ = d.device.Write(p.data) // like a network, this may lose a packet
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := d.device.Read(buffer)
		if errors.Is(err, os.ErrClosed) {
			break
		}
		if err != nil {
			continue
		}
		select {
		case under <- packet{time.Now().Add(delay), append([]byte(nil), buffer[:n]...)}:
		default: // full: drop it
		}
	}
	close(under)
	<-handed
}

func (d *distance) close() {
	remove(d.rules)
	_ = d.device.Close()
	<-d.done
}
