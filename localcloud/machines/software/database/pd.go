package database

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// Measured with PD 8.5.
const (
	pdElection = 2300 * time.Millisecond // from the start of the second of three members to a healthy API
	pdHandover = 500 * time.Millisecond  // after a graceful stop of the leader
	// Failover after the leader is killed takes 10.6 to 14 s with a lease of 5 s. Like the stores' elections, it is not
	// divided by the pace.
	pdFailover       = 10600 * time.Millisecond
	pdFailoverSpread = 3400 * time.Millisecond
	// pdDown is max-store-down-time. Like the next, it is not divided by the pace.
	pdDown = 30 * time.Minute
	// pdDisconnected is the time without a heartbeat after which PD shows a store as Disconnected.
	pdDisconnected = 20 * time.Second
	// pdQuorumTimeout is how long a starting PD waits for a quorum before it exits. It is not divided by the pace, because
	// PD waits for other clusters and for the engine that creates them, which run in real time.
	pdQuorumTimeout = 5 * time.Minute
	pdShutdown      = 500 * time.Millisecond
)

// pd is a Placement Driver.
type pd struct {
	software.Lifecycle
	name, token  string
	dataDir      string
	client, peer []software.HostPort
	clientURLs   []string // as advertised
	initial      []member // the configured initial cluster, itself included
	existing     bool     // the initial cluster exists already
	started      bool     // etcd runs
	log          membership
	sees         map[uint64]*pd       // members that this member connects to, by ID
	since        map[uint64]time.Time // since when it sees them
	leads        bool                 // it and the members connected with it in both directions are a majority
	serving      bool
	everServed   bool
	electionEnds time.Time
	leader       *pd
	cluster      *tidbCluster
	waitingSince time.Time
	compared     time.Time // when it compared its priority with the leader's
	now          time.Time
	security     security
	tls          *software.Identity // nil without certificates

	forClients         *software.Identity // the same for the clients' port, on which etcd admits every common name
	clientTLS, peerTLS bool
}

// NewPD starts a Placement Driver.
func NewPD(p *software.Process, args []string) software.Program {
	d := &pd{Lifecycle: software.Lifecycle{Process: p}, cluster: newCluster()}
	if err := d.configure(software.ParseFlags(args)); err != nil {
		d.Fail(1, err.Error())
	}
	d.everServed = p.Adopted
	return d
}

func (d *pd) configure(f software.Flags) error {
	var config struct {
		Token   string `toml:"initial-cluster-token"`
		DataDir string `toml:"data-dir"`
		Initial string `toml:"initial-cluster"`
		State   string `toml:"initial-cluster-state"`
		Join    string `toml:"join"`

		Security struct {
			Authorities string   `toml:"cacert-path"`
			Certificate string   `toml:"cert-path"`
			Key         string   `toml:"key-path"`
			Names       []string `toml:"cert-allowed-cn"`
		} `toml:"security"`
		Replication struct {
			MaxReplicas int `toml:"max-replicas"`
		} `toml:"replication"`
	}
	if err := readTOML(d.Process, f.Last("", "config"), &config); err != nil {
		return err
	}
	d.name = f.Last("pd", "name")
	d.token = config.Token
	d.cluster.maxReplicas = cmp.Or(config.Replication.MaxReplicas, 3)
	d.dataDir = f.Last(config.DataDir, "data-dir")
	if err := durable(d.Process, "data-dir", d.dataDir); err != nil {
		return err
	}
	if config.Join != "" || f.Last("", "join") != "" {
		return fmt.Errorf("join: the model of PD has no such key: it knows initial-cluster-state")
	}
	switch d.existing = config.State == "existing"; config.State {
	case "", "new", "existing":
	default:
		return fmt.Errorf("initial-cluster-state: unexpected clusterState %q", config.State)
	}
	files := config.Security
	if len(files.Names) > 1 { // etcd's peers take one
		return fmt.Errorf("cert-allowed-cn %v: Currently only supports one CN", files.Names)
	}
	d.security = security{files.Authorities, files.Certificate, files.Key, files.Names}
	identity, err := d.security.identity(d.Process)
	if err != nil {
		return fmt.Errorf("security: %w", err)
	}
	if identity != nil {
		d.identify(identity)
	}
	if d.client, err = parseURLs(f.Last("http://127.0.0.1:2379", "client-urls")); err != nil {
		return fmt.Errorf("client-urls: %w", err)
	}
	if d.peer, err = parseURLs(f.Last("http://127.0.0.1:2380", "peer-urls")); err != nil {
		return fmt.Errorf("peer-urls: %w", err)
	}
	advertised, err := parseURLs(f.Last(f.Last("http://127.0.0.1:2380", "peer-urls"), "advertise-peer-urls"))
	if err != nil {
		return fmt.Errorf("advertise-peer-urls: %w", err)
	}
	client := f.Last(f.Last("http://127.0.0.1:2379", "client-urls"), "advertise-client-urls")
	if _, err := parseURLs(client); err != nil {
		return fmt.Errorf("advertise-client-urls: %w", err)
	}
	d.clientURLs = strings.Split(client, ",")
	d.clientTLS = encrypted(f.Last("http://127.0.0.1:2379", "client-urls"))
	d.peerTLS = encrypted(f.Last("http://127.0.0.1:2380", "peer-urls"))
	if (d.clientTLS || d.peerTLS) && d.tls == nil {
		return errors.New("TLS key/cert (--cert-file/--key-file) must be provided for https URLs")
	}
	own := d.name + "=http://" + advertised[0].String()
	for _, item := range strings.Split(f.Last(cmp.Or(config.Initial, own), "initial-cluster"), ",") {
		name, url, ok := strings.Cut(strings.TrimSpace(item), "=")
		if _, err := parseURLs(url); !ok || err != nil {
			return fmt.Errorf("initial-cluster: %q: want name=http://host:port", item)
		}
		d.initial = append(d.initial, member{Name: name, PeerURLs: []string{url}})
	}
	if i := slices.IndexFunc(d.initial, func(m member) bool { return m.Name == d.name }); i < 0 {
		return fmt.Errorf("couldn't find local name %q in the initial cluster configuration", d.name)
	} else if !slices.Contains(advertised, d.initial[i].at()) {
		return fmt.Errorf("--initial-cluster has %s=%s but missing from --advertise-peer-urls", d.name, d.initial[i].PeerURLs[0])
	}
	return nil
}

func (d *pd) Step(now time.Time, network software.Network) {
	if d.Over(now) {
		return
	}
	d.now = now
	d.renew()
	if d.waitingSince.IsZero() {
		d.waitingSince = now
	}
	if !d.started {
		if err := d.start(network); err != nil {
			d.Fail(1, err.Error())
			return
		}
	}
	d.connect(network)
	d.elect(now)
	if d.serving {
		d.everServed = true
		d.publish()
		d.takeOver()
	}
	if !d.everServed && now.Sub(d.waitingSince) >= pdQuorumTimeout {
		d.Fail(1, "start etcd failed: etcd start canceled, no quorum of the initial cluster within 5 minutes")
	}
}

func (d *pd) Accepts(port int, local bool) bool {
	return d.Exit() == nil && !d.Stopping() && software.Accepts(slices.Concat(d.client, d.peer), port, local)
}

func (d *pd) Stop(now time.Time) { d.Leave(now, pdShutdown) }

// State says whether the member leads.
func (d *pd) State() software.State {
	word := "no quorum"
	switch {
	case d.serving && d.leader == d:
		word = "leader"
	case d.serving:
		word = "follower"
	case !d.electionEnds.IsZero():
		word = "election"
	}
	return software.State{Kind: "pd", Word: word}
}
