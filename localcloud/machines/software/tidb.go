package software

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Measured with TiDB 8.5.
const (
	tidbPDPatience   = 100 * time.Second // exits after this time without an answer from PD
	tidbTiKVPatience = 43 * time.Second  // exits after this time without a store
	tidbBootstrap    = 3 * time.Second
	tidbDrain        = 500 * time.Millisecond
)

// tidb is a TiDB server.
type tidb struct {
	ended
	pds         []hostPort
	sqlAddress  hostPort
	status      hostPort
	initSQL     string // a file that is run at the first bootstrap
	graceful    time.Duration
	pdSince     time.Time // when the wait for PD began; storeSince: for a store
	storeSince  time.Time
	readyAt     time.Time
	listening   bool
	cluster     *tidbCluster
	lastProblem error
	verdict     error // the current result of a statement
}

// tidbConfig is the part of tidb.toml that the model uses.
type tidbConfig struct {
	Host         string `toml:"host"`
	Port         int    `toml:"port"`
	Store        string `toml:"store"`
	Path         string `toml:"path"`
	InitSQL      string `toml:"initialize-sql-file"`
	GracefulWait int    `toml:"graceful-wait-before-shutdown"`
	Status       struct {
		Host   string `toml:"status-host"`
		Port   int    `toml:"status-port"`
		Report *bool  `toml:"report-status"`
	} `toml:"status"`
}

func newTiDB(p *Process, args []string, now time.Time) Program {
	t := &tidb{ended: ended{process: p}, pdSince: now}
	if err := t.configure(parseFlags(args)); err != nil {
		t.fail(1, err.Error())
	}
	return t
}

func (t *tidb) configure(f flags) error {
	var config tidbConfig
	if err := readTOML(t.process, f.last("", "config"), &config); err != nil {
		return err
	}
	port, err := strconv.Atoi(f.last(strconv.Itoa(cmp.Or(config.Port, 4000)), "P"))
	if err != nil {
		return fmt.Errorf("-P: %w", err)
	}
	statusPort, err := strconv.Atoi(f.last(strconv.Itoa(cmp.Or(config.Status.Port, 10080)), "status"))
	if err != nil {
		return fmt.Errorf("-status: %w", err)
	}
	t.sqlAddress = hostPort{f.last(cmp.Or(config.Host, "0.0.0.0"), "host"), port}
	t.status = hostPort{f.last(cmp.Or(config.Status.Host, "0.0.0.0"), "status-host"), statusPort}
	t.initSQL = f.last(config.InitSQL, "initialize-sql-file")
	t.graceful = time.Duration(config.GracefulWait) * time.Second
	switch store := f.last(cmp.Or(config.Store, "unistore"), "store"); store {
	case "tikv":
		if t.pds, err = parseAddresses(f.last(config.Path, "path")); err != nil {
			return fmt.Errorf("path: %w", err)
		}
	case "unistore", "mocktikv": // an embedded database
	default:
		return fmt.Errorf("store %q: want tikv or unistore", store)
	}
	return nil
}

func (t *tidb) Step(now time.Time, network Network) {
	if t.over(now) {
		return
	}
	if t.listening {
		t.verdict = t.assess(network)
		return
	}
	if t.pds == nil {
		t.cluster = &tidbCluster{}
		t.start(now)
		return
	}
	d, err := quorate(network, t.pds)
	if err != nil {
		t.waits(now, &t.pdSince, tidbPDPatience, err)
		return
	}
	t.pdSince = time.Time{}
	if err := t.reachesStore(network, d.cluster); err != nil {
		t.waits(now, &t.storeSince, tidbTiKVPatience, err)
		return
	}
	t.storeSince = time.Time{}
	t.cluster = d.cluster
	t.start(now)
}

// waits logs the problem that TiDB waits for, and exits when patience has expired, as the real TiDB does.
func (t *tidb) waits(now time.Time, since *time.Time, patience time.Duration, problem error) {
	if since.IsZero() {
		*since = now
	}
	if t.lastProblem == nil || t.lastProblem.Error() != problem.Error() {
		t.lastProblem = problem
		t.process.log("waits: %s", strings.ReplaceAll(problem.Error(), "\n", "; "))
	}
	if now.Sub(*since) >= t.process.Pace.Of(patience) {
		t.fail(1, "new store failed: "+problem.Error())
	}
}

// start bootstraps the database unless that has been done, and opens the ports.
func (t *tidb) start(now time.Time) {
	if t.readyAt.IsZero() {
		t.readyAt = now.Add(t.process.Pace.Of(tidbBootstrap))
		if t.process.Adopted {
			t.readyAt, t.cluster.bootstrapped = now, true
		}
	}
	if now.Before(t.readyAt) {
		return
	}
	if !t.cluster.bootstrapped {
		t.cluster.bootstrapped = true
		if t.initSQL != "" {
			if _, err := t.process.Files.Read(t.initSQL); err != nil {
				t.fail(1, fmt.Sprintf("unable to read InitializeSQLFile: %v", err))
				return
			}
		}
		t.process.log("bootstrapped the database")
	}
	t.listening = true
}

// reachesStore checks that at least one store is up and reachable at the address it advertises.
func (t *tidb) reachesStore(network Network, cluster *tidbCluster) error {
	var problems []error
	for _, s := range cluster.stores {
		err := connects(network, s)
		if err == nil {
			return nil
		}
		problems = append(problems, err)
	}
	if len(problems) == 0 {
		return errors.New("PD knows no TiKV store yet")
	}
	return errors.Join(problems...)
}

// connects checks that a store is up and reachable at the address it advertises.
func connects(network Network, s *store) error {
	if !s.up() {
		return fmt.Errorf("TiKV %s is not up", s.address)
	}
	remote, err := network.Dial(s.address.host, s.address.port)
	if err != nil {
		return fmt.Errorf("TiKV %s: %w", s.address, err)
	}
	if innermost(remote.Program) != Program(s.node) {
		return fmt.Errorf("TiKV %s: its address leads to another program", s.address)
	}
	return nil
}

// assess returns the result of a statement, which needs a timestamp from PD's leader, and the leaders of all regions.
func (t *tidb) assess(network Network) error {
	if t.pds == nil {
		return nil
	}
	d, err := timestamps(network, t.pds)
	if err != nil {
		return &pause{tidbPDTimeout, tidbTimestampPatience, err}
	}
	if !d.cluster.bootstrapped {
		d.cluster.bootstrapped = t.cluster.bootstrapped // if all PDs restarted, they read it from the stores
	}
	leaders, err := d.cluster.whole()
	if err != nil {
		return &pause{tidbNoLeader, tidbReadPatience, err}
	}
	for _, leader := range leaders {
		remote, err := network.Dial(leader.advertise.host, leader.advertise.port)
		if err != nil || innermost(remote.Program) != Program(leader) {
			return &pause{tidbNoLeader, tidbReadPatience, fmt.Errorf("TiKV %s leads regions and is not reached: %w", leader.advertise, err)}
		}
	}
	return nil
}

// timestamps returns the leader of PD. It alone issues timestamps, and other members do not forward the request.
func timestamps(network Network, pds []hostPort) (*pd, error) {
	problems := []error{errors.New("PD's leader gives no timestamp")}
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
			problems = append(problems, fmt.Errorf("PD %s: no leader", address))
		case d.leader == nil || d.leader == d: // the model also accepts a joined member
			return d, nil
		}
	}
	return nil, errors.Join(problems...)
}

func (t *tidb) sql() error {
	if !t.listening || t.exit != nil {
		return errors.New("not bootstrapped")
	}
	return t.verdict
}

func (t *tidb) Accepts(port int, local bool) bool {
	return t.listening && t.exit == nil && accepts([]hostPort{t.sqlAddress, t.status}, port, local)
}

func (t *tidb) Answer(port int, r Request, _ Network) Response {
	path := r.Path
	switch {
	case port != t.status.port:
		return Response{Status: 400}
	case path == "/status" && t.stopping():
		return Response{Status: 500}
	case path == "/status":
		return Response{Status: 200, Body: `{"connections":0,"version":"8.0.11-TiDB","status":{"init_stats_percentage":100}}`}
	case path == "/metrics" || path == "/info" || path == "/settings" || path == "/schema":
		return Response{Status: 200}
	}
	return Response{Status: 404}
}

// Stop fails the status page at once, serves SQL for the graceful wait, then drains connections.
func (t *tidb) Stop(now time.Time) { t.leave(now, t.graceful+tidbDrain) }
