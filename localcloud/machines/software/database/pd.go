package database

import (
	"cmp"
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
	name         string
	token        string
	members      map[string]software.HostPort // peer addresses by name, itself included
	client, peer []software.HostPort
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
	if err := durable(d.Process, "data-dir", f.Last(config.DataDir, "data-dir")); err != nil {
		return err
	}
	var err error
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
	if _, err := parseURLs(f.Last("http://127.0.0.1:2379", "advertise-client-urls")); err != nil {
		return fmt.Errorf("advertise-client-urls: %w", err)
	}
	d.members = map[string]software.HostPort{}
	for _, item := range strings.Split(f.Last(d.name+"=http://"+advertised[0].String(), "initial-cluster"), ",") {
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

func (d *pd) Step(now time.Time, network software.Network) {
	if d.Over(now) {
		return
	}
	d.now = now
	if d.waitingSince.IsZero() {
		d.waitingSince = now
	}
	d.connect(network)
	d.elect(now)
	if d.serving {
		d.everServed = true
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
