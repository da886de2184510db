package database

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

const (
	tikvStart    = 2 * time.Second // from PD's answer until the store is Up
	tikvShutdown = 3 * time.Second // evicting leaders
)

// tikv is a TiKV store.
type tikv struct {
	software.Lifecycle
	pds       []software.HostPort
	address   software.HostPort
	status    software.HostPort
	advertise software.HostPort
	labels    map[string]string
	startsAt  time.Time
	up        bool
	id        uint64 // zero until it has registered
	dataDir   string
	sees      map[uint64]*tikv // the stores it connects to
	cluster   *tidbCluster
	problem   string // what it waits for
	security  security
	tls       *software.Identity
	now       time.Time
}

// NewTiKV starts a TiKV store.
func NewTiKV(p *software.Process, args []string) software.Program {
	k := &tikv{Lifecycle: software.Lifecycle{Process: p}, labels: map[string]string{}}
	if err := k.configure(software.ParseFlags(args)); err != nil {
		k.Fail(1, err.Error())
	}
	return k
}

func (k *tikv) configure(f software.Flags) error {
	var config struct {
		Security struct {
			Authorities string   `toml:"ca-path"`
			Certificate string   `toml:"cert-path"`
			Key         string   `toml:"key-path"`
			Names       []string `toml:"cert-allowed-cn"`
		} `toml:"security"`
	}
	if err := readTOML(k.Process, f.Last("", "config", "C"), &config); err != nil {
		return err
	}
	k.dataDir = f.Last("", "data-dir", "s")
	if err := durable(k.Process, "data-dir", k.dataDir); err != nil {
		return err
	}
	var err error
	files := config.Security
	k.security = security{files.Authorities, files.Certificate, files.Key, files.Names}
	if k.tls, err = k.security.identity(k.Process); err != nil {
		return fmt.Errorf("invalid configuration: security: %w", err)
	}
	if k.pds, err = parseList(f.Last("127.0.0.1:2379", "pd", "pd-endpoints"), software.ParseHostPort); err != nil {
		return fmt.Errorf("invalid configuration: pd endpoints: %w (without http://)", err)
	}
	if k.address, err = software.ParseHostPort(f.Last("127.0.0.1:20160", "addr", "A")); err != nil {
		return fmt.Errorf("invalid configuration: addr: %w", err)
	}
	if k.advertise, err = software.ParseHostPort(f.Last(k.address.String(), "advertise-addr")); err != nil {
		return fmt.Errorf("invalid configuration: advertise-addr: %w", err)
	}
	if k.advertise.Host == "" || k.advertise.Host == "0.0.0.0" || k.advertise.Host == "::" {
		return fmt.Errorf("invalid configuration: advertise-addr %q: others cannot connect to an unspecified address", k.advertise)
	}
	if k.status, err = software.ParseHostPort(f.Last("127.0.0.1:20180", "status-addr")); err != nil {
		return fmt.Errorf("invalid configuration: status-addr: %w", err)
	}
	for _, pair := range strings.Split(f.Last("", "labels"), ",") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			k.labels[key] = value
		}
	}
	return nil
}

func (k *tikv) Step(now time.Time, network software.Network) {
	if k.Over(now) {
		return
	}
	k.now = now
	if next := k.security.renewed(k.Process, k.tls); next != nil {
		k.tls = next
	}
	if d, err := servingPD(network, k.tls, k.pds, false); err != nil {
		k.waits(err)
	} else {
		k.heartbeat(now, d)
	}
	if k.cluster == nil {
		return
	}
	// Raft runs between the stores, and continues without PD.
	k.sees = map[uint64]*tikv{}
	for id, other := range k.cluster.stores {
		if other.node == k || other.tombstone {
			continue
		}
		if found, err := reach[*tikv](network, k.tls, other.address); err == nil && found.id == id {
			k.sees[id] = found
		}
	}
	k.cluster.step(now, k.Process.Pace)
}

// heartbeat reports the store to PD. The first report brings it up.
func (k *tikv) heartbeat(now time.Time, d *pd) {
	if k.startsAt.IsZero() {
		k.startsAt = k.Process.ReadyAt(now, tikvStart)
	}
	if now.Before(k.startsAt) || k.Stopping() {
		return
	}
	d.cluster.inherit(k.cluster)
	if err := d.cluster.register(k); err != nil {
		k.Fail(1, err.Error())
		return
	}
	if !k.up {
		k.up = true
		k.Process.Log("store %s is up", k.advertise)
	}
	k.cluster = d.cluster
	s := d.cluster.stores[k.id]
	s.labels, s.heartbeat, s.node = k.labels, now, k
}

// connected says whether two stores reach each other, in both directions.
func (k *tikv) connected(other *tikv) bool {
	return other != nil && k.sees[other.id] == other && other.sees[k.id] == k && other.runs()
}

// runs says whether the store takes part in Raft. A stopping store does, until it has handed its leaders over.
func (k *tikv) runs() bool { return k.up && k.Exit() == nil }

func (k *tikv) waits(err error) {
	if err.Error() != k.problem {
		k.problem = err.Error()
		k.Process.Log("waits for PD: %s", strings.ReplaceAll(k.problem, "\n", "; "))
	}
}

func (k *tikv) Accepts(port int, local bool) bool {
	return k.runs() && software.Accepts([]software.HostPort{k.address, k.status}, port, local)
}

func (k *tikv) Answer(port int, r software.Request, _ software.Network) software.Response {
	if port == k.status.Port && slices.Contains([]string{"/status", "/metrics", "/config", "/ready"}, r.Path) {
		return software.Response{Status: 200}
	}
	return software.Response{Status: 404}
}

func (k *tikv) Stop(now time.Time) { k.Leave(now, tikvShutdown) }

// stopped says whether the graceful shutdown is complete. The store has handed its leaders over then, even if the others'
// steps, which a busy machine delays, saw nothing of it.
func (k *tikv) stopped() bool { return k.Exit() != nil && k.Exit().Code == 0 }

// State says which part the store has in Raft.
func (k *tikv) State() software.State { return software.State{Kind: "tikv", Word: k.word()} }

func (k *tikv) word() string {
	if k.Stopping() {
		return "stops"
	}
	if !k.up || k.cluster == nil {
		return "waits for PD"
	}
	leads := 0
	for _, g := range k.cluster.groups {
		switch serves := g.serves(k.cluster); {
		case serves && g.leader == k:
			leads++
		case !serves && g.home == k.id && g.candidate(k.cluster) == nil:
			return "no majority"
		case !serves && g.home == k.id:
			return "election"
		}
	}
	if leads == 0 {
		return "follower"
	}
	return "leader"
}
