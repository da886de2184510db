package software

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	tikvStart    = 2 * time.Second // from PD's answer until the store is Up
	tikvShutdown = 3 * time.Second // evicting leaders
)

// tikv is a TiKV store.
type tikv struct {
	ended
	pds           []hostPort
	address       hostPort
	status        hostPort
	advertise     hostPort
	labels        map[string]string
	startsAt      time.Time
	up            bool
	sees          map[string]*tikv // the stores it connects to, by their advertised addresses
	cluster       *tidbCluster
	lastComplaint string
}

func newTiKV(p *Process, args []string) Program {
	k := &tikv{ended: ended{process: p}, labels: map[string]string{}}
	if err := k.configure(parseFlags(args)); err != nil {
		k.fail(1, err.Error())
	}
	return k
}

func (k *tikv) configure(f flags) error {
	var config map[string]any
	if err := readTOML(k.process, f.last("", "config", "C"), &config); err != nil {
		return err
	}
	if err := durable(k.process, "data-dir", f.last("", "data-dir", "s")); err != nil {
		return err
	}
	var err error
	if k.pds, err = parseAddresses(f.last("127.0.0.1:2379", "pd", "pd-endpoints")); err != nil {
		return fmt.Errorf("invalid configuration: pd endpoints: %w (without http://)", err)
	}
	if k.address, err = parseHostPort(f.last("127.0.0.1:20160", "addr", "A")); err != nil {
		return fmt.Errorf("invalid configuration: addr: %w", err)
	}
	if k.advertise, err = parseHostPort(f.last(k.address.String(), "advertise-addr")); err != nil {
		return fmt.Errorf("invalid configuration: advertise-addr: %w", err)
	}
	if k.advertise.unspecified() {
		return fmt.Errorf("invalid configuration: advertise-addr %q: others cannot connect to an unspecified address", k.advertise)
	}
	if k.status, err = parseHostPort(f.last("127.0.0.1:20180", "status-addr")); err != nil {
		return fmt.Errorf("invalid configuration: status-addr: %w", err)
	}
	for _, pair := range strings.Split(f.last("", "labels"), ",") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			k.labels[key] = value
		}
	}
	return nil
}

// quorate returns a PD of the list that serves, or an error that says why none does.
func quorate(network Network, pds []hostPort) (*pd, error) {
	var problems []error
	for _, address := range pds {
		remote, err := network.Dial(address.host, address.port)
		if err != nil {
			problems = append(problems, fmt.Errorf("PD %s: %w", address, err))
			continue
		}
		d, ok := innermost(remote.Program).(*pd)
		switch {
		case !ok:
			problems = append(problems, fmt.Errorf("PD %s: what answers there is no PD", address))
		case !d.serving:
			problems = append(problems, fmt.Errorf("PD %s: no quorum", address))
		default:
			return d, nil
		}
	}
	return nil, errors.Join(problems...)
}

func (k *tikv) Step(now time.Time, network Network) {
	if k.over(now) {
		return
	}
	if d, err := quorate(network, k.pds); err != nil {
		k.complain(err)
	} else {
		k.heartbeat(now, d)
	}
	if k.cluster == nil {
		return
	}
	// Raft runs between the stores, and continues without PD.
	k.sees = map[string]*tikv{}
	for name, other := range k.cluster.stores {
		if other.node == k {
			continue
		}
		if found := k.reaches(network, other); found != nil {
			k.sees[name] = found
		}
	}
	k.cluster.step(now, k.process.Pace)
}

// heartbeat reports the store to PD. The first report brings it up.
func (k *tikv) heartbeat(now time.Time, d *pd) {
	if k.startsAt.IsZero() {
		k.startsAt = now.Add(k.process.Pace.Of(tikvStart))
		if k.process.Adopted {
			k.startsAt = now
		}
	}
	if now.Before(k.startsAt) || k.stopping() {
		return
	}
	if !k.up {
		k.up = true
		k.process.log("store %s is up", k.advertise)
	}
	d.cluster.inherit(k.cluster)
	k.cluster = d.cluster
	d.cluster.stores[k.advertise.String()] = &store{address: k.advertise, labels: k.labels, heartbeat: now, node: k}
}

// reaches dials a store at its advertised address, and returns it; nil if it does not answer there.
func (k *tikv) reaches(network Network, s *store) *tikv {
	remote, err := network.Dial(s.address.host, s.address.port)
	if err != nil {
		return nil
	}
	other, ok := innermost(remote.Program).(*tikv)
	if !ok || other.advertise != s.address {
		return nil
	}
	return other
}

// connected says whether two stores reach each other, in both directions.
func (k *tikv) connected(other *tikv) bool {
	return other != nil && k.sees[other.advertise.String()] == other && other.sees[k.advertise.String()] == k && other.runs()
}

// runs says whether the store takes part in Raft. A stopping store does, until it has handed its leaders over.
func (k *tikv) runs() bool { return k.up && k.exit == nil }

// up says whether PD counts the store as Up.
func (s *store) up() bool { return s.node.up && s.node.exit == nil && !s.node.stopping() }

func (k *tikv) complain(err error) {
	if err.Error() != k.lastComplaint {
		k.lastComplaint = err.Error()
		k.process.log("waits for PD: %s", strings.ReplaceAll(k.lastComplaint, "\n", "; "))
	}
}

func (k *tikv) Accepts(port int, local bool) bool {
	return k.runs() && accepts([]hostPort{k.address, k.status}, port, local)
}

func (k *tikv) Answer(port int, r Request, _ Network) Response {
	if port == k.status.port && slices.Contains([]string{"/status", "/metrics", "/config", "/ready"}, r.Path) {
		return Response{Status: 200}
	}
	return Response{Status: 404}
}

func (k *tikv) Stop(now time.Time) { k.leave(now, tikvShutdown) }
