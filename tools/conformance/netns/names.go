package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// Resolver is the address of a Google machine's name server.
var Resolver = netip.MustParseAddr("169.254.169.254")

// Names is the name server of the network. It knows only the names that it is given.
type Names struct {
	lock    sync.Mutex
	records map[string]func() []netip.Addr
	socket  net.PacketConn
}

// ServeNames starts the name server at Resolver.
func (n *Network) ServeNames() (*Names, error) {
	if err := n.Assign(Resolver); err != nil {
		return nil, err
	}
	socket, err := net.ListenPacket("udp", netip.AddrPortFrom(Resolver, 53).String())
	if err != nil {
		return nil, fmt.Errorf("serving names: %w", err)
	}
	names := &Names{records: map[string]func() []netip.Addr{}, socket: socket}
	go names.serve()
	return names, nil
}

// Close stops the name server.
func (n *Names) Close() { _ = n.socket.Close() }

// Set makes a name resolve to what addresses returns at each query. If it returns none, the name does not exist.
func (n *Names) Set(name string, addresses func() []netip.Addr) {
	n.lock.Lock()
	defer n.lock.Unlock()
	n.records[strings.ToLower(name)+"."] = addresses
}

// Lookup returns what a name resolves to now.
func (n *Names) Lookup(name string) []netip.Addr {
	n.lock.Lock()
	addresses := n.records[strings.ToLower(strings.TrimSuffix(name, "."))+"."]
	n.lock.Unlock()
	if addresses == nil {
		return nil
	}
	return addresses()
}

func (n *Names) serve() {
	buffer := make([]byte, 1500)
	for {
		length, client, err := n.socket.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if answer, err := n.answer(buffer[:length]); err == nil {
			_, _ = n.socket.WriteTo(answer, client)
		}
	}
}

// answer answers a query for A records. There are no other kinds of records.
func (n *Names) answer(question []byte) ([]byte, error) {
	var request dnsmessage.Message
	if err := request.Unpack(question); err != nil || len(request.Questions) != 1 {
		return nil, errors.New("no question")
	}
	asked := request.Questions[0]
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: request.ID, Response: true, Authoritative: true,
			RecursionDesired: request.RecursionDesired, RecursionAvailable: true,
		},
		Questions: request.Questions,
	}
	addresses := n.Lookup(asked.Name.String())
	if len(addresses) == 0 {
		answer.RCode = dnsmessage.RCodeNameError
	}
	if asked.Type == dnsmessage.TypeA {
		for _, address := range addresses {
			answer.Answers = append(answer.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET, TTL: 1},
				Body:   &dnsmessage.AResource{A: address.As4()},
			})
		}
	}
	return answer.Pack()
}
