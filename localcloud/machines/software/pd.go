package software

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Measured with PD 8.5.
const (
	pdElection = 2300 * time.Millisecond // from the start of the second of three members to a healthy API
	pdHandover = 500 * time.Millisecond  // after a graceful stop of the leader
	// Failover after the leader is killed takes 10.6 to 14 s with a lease of 5 s. Like the stores' elections, it is not
	// divided by the pace.
	pdFailover       = 10600 * time.Millisecond
	pdFailoverSpread = 3400 * time.Millisecond
	// pdDisconnected is the time without a heartbeat after which PD shows a store as Disconnected.
	pdDisconnected = 20 * time.Second
	// pdPatience is how long a starting PD waits for a quorum before it exits. It is not divided by the pace, because
	// PD waits for other clusters and for the engine that creates them, which run in real time.
	pdPatience = 5 * time.Minute
	pdShutdown = 500 * time.Millisecond
)

// pd is a Placement Driver.
type pd struct {
	ended
	name         string
	token        string
	members      map[string]hostPort // peer addresses by name, itself included
	join         []hostPort          // client addresses of a cluster to join
	client, peer []hostPort
	sees         map[string]*pd // members that this member connects to
	leads        bool           // it and the members connected with it in both directions are a majority
	serving      bool
	everServed   bool
	electionEnds time.Time
	leader       *pd
	cluster      *tidbCluster
	waitingSince time.Time
	now          time.Time
}

// tidbCluster is the state that a quorum of PDs and the stores' data persist.
type tidbCluster struct {
	stores       map[string]*store // by advertised address
	bootstrapped bool              // TiDB's system tables exist
	maxReplicas  int
	groups       map[string]*raftGroup // by the address of their home store
	stepped      time.Time
}

// empty says whether the cluster knows neither stores nor a database.
func (c *tidbCluster) empty() bool { return len(c.stores) == 0 && !c.bootstrapped }

type store struct {
	address   hostPort
	labels    map[string]string
	heartbeat time.Time
	node      *tikv
}

func newPD(p *Process, args []string) Program {
	d := &pd{ended: ended{process: p}, cluster: &tidbCluster{stores: map[string]*store{}, groups: map[string]*raftGroup{}}}
	if err := d.configure(parseFlags(args)); err != nil {
		d.fail(1, err.Error())
	}
	d.everServed = p.Adopted
	return d
}

func (d *pd) configure(f flags) error {
	var config struct {
		Token   string `toml:"initial-cluster-token"`
		DataDir string `toml:"data-dir"`

		Replication struct {
			MaxReplicas int `toml:"max-replicas"`
		} `toml:"replication"`
	}
	if err := readTOML(d.process, f.last("", "config"), &config); err != nil {
		return err
	}
	d.name = f.last("pd", "name")
	d.token = config.Token
	d.cluster.maxReplicas = cmp.Or(config.Replication.MaxReplicas, defaultReplicas)
	if err := durable(d.process, "data-dir", f.last(config.DataDir, "data-dir")); err != nil {
		return err
	}
	var err error
	if d.client, err = parseURLs(f.last("http://127.0.0.1:2379", "client-urls")); err != nil {
		return fmt.Errorf("client-urls: %w", err)
	}
	if d.peer, err = parseURLs(f.last("http://127.0.0.1:2380", "peer-urls")); err != nil {
		return fmt.Errorf("peer-urls: %w", err)
	}
	advertised, err := parseURLs(f.last(f.last("http://127.0.0.1:2380", "peer-urls"), "advertise-peer-urls"))
	if err != nil {
		return fmt.Errorf("advertise-peer-urls: %w", err)
	}
	if _, err := parseURLs(f.last("http://127.0.0.1:2379", "advertise-client-urls")); err != nil {
		return fmt.Errorf("advertise-client-urls: %w", err)
	}
	if join := f.last("", "join"); join != "" {
		if d.join, err = parseURLs(join); err != nil {
			return fmt.Errorf("join: %w", err)
		}
		return nil
	}
	d.members = map[string]hostPort{}
	for _, item := range strings.Split(f.last(d.name+"=http://"+advertised[0].String(), "initial-cluster"), ",") {
		name, url, ok := strings.Cut(strings.TrimSpace(item), "=")
		addresses, err := parseURLs(url)
		if !ok || err != nil {
			return fmt.Errorf("initial-cluster: %q: want name=http://host:port", item)
		}
		d.members[name] = addresses[0]
	}
	if own, ok := d.members[d.name]; !ok {
		return fmt.Errorf("couldn't find local name %q in the initial cluster configuration", d.name)
	} else if !slices.Contains(advertised, own) {
		return fmt.Errorf("--initial-cluster has %s=http://%s but missing from --advertise-peer-urls", d.name, own)
	}
	return nil
}

// durable checks that a data directory outlives its container. (The real server would start on the container's own
// layer, and lose its membership at the first restart.)
func durable(p *Process, flag, dir string) error {
	if dir == "" || p.Files.On(dir) == Layer {
		return fmt.Errorf("%s %q is not on a mounted volume: the data would be lost with the container", flag, dir)
	}
	if !p.Files.Writable(dir) {
		return fmt.Errorf("%s %q: %w", flag, dir, errReadOnly)
	}
	return nil
}

// readTOML reads a configuration file, if name is not empty.
func readTOML(p *Process, name string, into any) error {
	if name == "" {
		return nil
	}
	content, err := p.Files.Read(name)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	if err := toml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("config %s: %w", name, err)
	}
	return nil
}

func (d *pd) Step(now time.Time, network Network) {
	if d.over(now) {
		return
	}
	d.now = now
	if d.waitingSince.IsZero() {
		d.waitingSince = now
	}
	if d.join != nil {
		d.stepJoined(now, network)
	} else {
		d.stepMember(now, network)
	}
	if d.serving {
		d.everServed = true
	}
	if !d.everServed && now.Sub(d.waitingSince) >= pdPatience {
		d.fail(1, "start etcd failed: etcd start canceled, no quorum of the initial cluster within 5 minutes")
	}
}

// stepMember connects to the other members, and determines whether there is a quorum.
func (d *pd) stepMember(now time.Time, network Network) {
	sees := map[string]*pd{}
	for name, address := range d.members {
		if name == d.name {
			continue
		}
		remote, err := network.Dial(address.host, address.port)
		if err != nil {
			continue
		}
		if other, ok := innermost(remote.Program).(*pd); ok && other.name == name && other.token == d.token {
			sees[name] = other
		}
	}
	d.sees = sees
	connected := d.connected()
	d.leads = len(connected)+1 > len(d.members)/2
	quorum := d.leads || slices.ContainsFunc(connected, func(o *pd) bool { return o.leads })
	d.elect(now, connected, quorum)
}

// connected lists the members that are connected with this one in both directions.
func (d *pd) connected() []*pd {
	var both []*pd
	for _, other := range d.sees {
		if other.sees[d.name] == d && other.exit == nil && !other.stopping() {
			both = append(both, other)
		}
	}
	slices.SortFunc(both, func(a, b *pd) int { return strings.Compare(a.name, b.name) })
	return both
}

// elect determines the leader. Members connected to the same majority elect the same one.
func (d *pd) elect(now time.Time, connected []*pd, quorum bool) {
	if !quorum {
		if d.serving {
			d.process.log("lost the quorum: it reaches %d of %d members, itself included", len(connected)+1, len(d.members))
		}
		d.serving, d.leader, d.electionEnds = false, nil, time.Time{}
		return
	}
	if d.serving && d.leader != nil && (d.leader == d || slices.Contains(connected, d.leader)) && d.leader.leads {
		d.electionEnds = time.Time{}
		return
	}
	if d.outvoted(connected) {
		d.serving, d.electionEnds = false, time.Time{}
		return
	}
	var elected *pd
	for _, candidate := range append([]*pd{d}, connected...) {
		established := candidate.serving && candidate.leader == candidate && candidate != d
		if candidate.leads && (elected == nil || established || !elected.serving && candidate.name < elected.name) {
			elected = candidate
		}
	}
	if d.electionEnds.IsZero() {
		takes := d.process.Pace.Of(pdElection)
		switch {
		case d.process.Adopted && !d.serving && d.leader == nil:
			takes = 0
		case d.leader != nil && d.leader.stopping():
			takes = d.process.Pace.Of(pdHandover)
		case d.leader != nil:
			takes = pdFailover + lot(d.leader.name, now, pdFailoverSpread)
		case elected.serving && elected.leader == elected: // joins an established leader
			takes = d.process.Pace.Of(pdHandover)
		}
		d.electionEnds = now.Add(takes)
	}
	if now.Before(d.electionEnds) {
		d.serving = false
		return
	}
	d.serving, d.electionEnds = true, time.Time{}
	if d.leader != elected {
		d.leader = elected
		d.process.log("serves the API: %s leads, %d of %d members are connected", elected.name, len(connected)+1, len(d.members))
	}
	if elected != d {
		if elected.cluster.empty() && !d.cluster.empty() {
			elected.cluster = d.cluster // a leader that restarted on its disk knows its peers' state
		}
		d.cluster = elected.cluster
	}
}

// outvoted says whether a connected member follows a leader that this one does not reach. etcd's pre-vote then fails:
// this one starts no election, and has no leader.
func (d *pd) outvoted(connected []*pd) bool {
	return slices.ContainsFunc(connected, func(o *pd) bool {
		return o.serving && o.leader != nil && o.leader != d && o.leader.leads && o.leader.exit == nil &&
			!slices.Contains(connected, o.leader) && (o.leader == o || slices.Contains(o.connected(), o.leader))
	})
}

// stepJoined steps a member that was added to an existing cluster: it serves while a member that it joined does.
func (d *pd) stepJoined(_ time.Time, network Network) {
	d.serving = false
	for _, address := range d.join {
		remote, err := network.Dial(address.host, address.port)
		if err != nil {
			continue
		}
		if other, ok := innermost(remote.Program).(*pd); ok && other.serving && other != d {
			d.serving, d.cluster = true, other.cluster
			return
		}
	}
}

func (d *pd) Accepts(port int, local bool) bool {
	return d.exit == nil && !d.stopping() && accepts(slices.Concat(d.client, d.peer), port, local)
}

// accepts says whether a server that listens on the addresses accepts a connection to the port.
func accepts(listening []hostPort, port int, local bool) bool {
	return slices.ContainsFunc(listening, func(a hostPort) bool { return a.port == port && (local || a.everywhere()) })
}

func (d *pd) Answer(port int, r Request, _ Network) Response {
	if !accepts(d.client, port, true) {
		return Response{Status: 404}
	}
	path, _, _ := strings.Cut(r.Path, "?")
	switch {
	case !d.everServed: // etcd has not started: it accepts connections, but does not answer
		return Response{}
	case path == "/health":
		if !d.serving {
			return Response{Status: 503, Body: `{"health":"false"}`}
		}
		return Response{Status: 200, Body: `{"health":"true","reason":""}`}
	case path == "/metrics" || path == "/version":
		return Response{Status: 200}
	case path == "/ready" || !strings.HasPrefix(path, "/pd/api/"):
		return Response{Status: 404}
	case !d.serving:
		return Response{Status: 500, Body: "no leader"}
	case path == "/pd/api/v1/stores":
		return Response{Status: 200, Body: d.stores()}
	case path == "/pd/api/v1/members":
		return Response{Status: 200, Body: indented(map[string]any{"members": d.memberList()})}
	case path == "/pd/api/v1/health":
		return Response{Status: 200, Body: indented(d.memberList())} // a bare list
	}
	return Response{Status: 200, Body: "{}"}
}

// pdMember is a member as PD lists it.
type pdMember struct {
	Name     string   `json:"name"`
	PeerURLs []string `json:"peer_urls"`
	Health   bool     `json:"health"`
}

func (d *pd) memberList() []pdMember {
	var list []pdMember
	for name, address := range d.members {
		list = append(list, pdMember{name, []string{"http://" + address.String()}, name == d.name || d.sees[name] != nil})
	}
	slices.SortFunc(list, func(a, b pdMember) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// stores returns the stores as PD does, in indented JSON.
func (d *pd) stores() string {
	type label struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	type meta struct {
		Address   string  `json:"address"`
		Labels    []label `json:"labels,omitempty"`
		StateName string  `json:"state_name"`
	}
	type entry struct {
		Store meta `json:"store"`
	}
	list := []entry{}
	for address, s := range d.cluster.stores {
		m := meta{Address: address, StateName: "Disconnected"}
		if s.up() && d.now.Sub(s.heartbeat) < pdDisconnected {
			m.StateName = "Up"
		}
		for key, value := range s.labels {
			m.Labels = append(m.Labels, label{key, value})
		}
		slices.SortFunc(m.Labels, func(a, b label) int { return strings.Compare(a.Key, b.Key) })
		list = append(list, entry{m})
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.Store.Address, b.Store.Address) })
	return indented(map[string]any{"count": len(list), "stores": list})
}

func indented(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}

func (d *pd) Stop(now time.Time) { d.leave(now, pdShutdown) }
