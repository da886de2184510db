package database

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// Measured with TiDB 8.5.
const (
	tidbPDTimeout   = 100 * time.Second // exits after this time without an answer from PD
	tidbTiKVTimeout = 43 * time.Second  // exits after this time without a store
	tidbBootstrap   = 3 * time.Second
	tidbDrain       = 500 * time.Millisecond
)

// tidb is a TiDB server.
type tidb struct {
	software.Lifecycle
	pds         []software.HostPort
	sqlAddress  software.HostPort
	status      software.HostPort
	initSQL     string             // a file that is run at the first bootstrap
	sqlTLS      *software.Identity // nil without TLS
	clusterTLS  *software.Identity // of the status port, and towards PD and TiKV
	now         time.Time
	graceful    time.Duration
	pdSince     time.Time // when the wait for PD began; storeSince: for a store
	storeSince  time.Time
	readyAt     time.Time
	listening   bool
	cluster     *tidbCluster
	lastProblem error
	verdict     error          // the current result of a statement
	leaders     map[string]int // of the stores, by their label region; nil if PD does not tell
}

// tidbConfig is the part of tidb.toml that the model uses.
type tidbConfig struct {
	Host         string `toml:"host"`
	Port         int    `toml:"port"`
	Store        string `toml:"store"`
	Path         string `toml:"path"`
	InitSQL      string `toml:"initialize-sql-file"`
	GracefulWait int    `toml:"graceful-wait-before-shutdown"`
	Security     struct {
		Certificate        string   `toml:"ssl-cert"`
		Key                string   `toml:"ssl-key"`
		ClusterAuthorities string   `toml:"cluster-ssl-ca"`
		ClusterCertificate string   `toml:"cluster-ssl-cert"`
		ClusterKey         string   `toml:"cluster-ssl-key"`
		ClusterNames       []string `toml:"cluster-verify-cn"`
	} `toml:"security"`
	Status struct {
		Host string `toml:"status-host"`
		Port int    `toml:"status-port"`
	} `toml:"status"`
}

// NewTiDB starts a TiDB server.
func NewTiDB(p *software.Process, args []string, now time.Time) software.Program {
	t := &tidb{Lifecycle: software.Lifecycle{Process: p}, pdSince: now}
	if err := t.configure(software.ParseFlags(args)); err != nil {
		t.Fail(1, err.Error())
	}
	return t
}

func (t *tidb) configure(f software.Flags) error {
	var config tidbConfig
	if err := readTOML(t.Process, f.Last("", "config"), &config); err != nil {
		return err
	}
	port, err := strconv.Atoi(f.Last(strconv.Itoa(cmp.Or(config.Port, 4000)), "P"))
	if err != nil {
		return fmt.Errorf("-P: %w", err)
	}
	statusPort, err := strconv.Atoi(f.Last(strconv.Itoa(cmp.Or(config.Status.Port, 10080)), "status"))
	if err != nil {
		return fmt.Errorf("-status: %w", err)
	}
	t.sqlAddress = software.HostPort{Host: f.Last(cmp.Or(config.Host, "0.0.0.0"), "host"), Port: port}
	t.status = software.HostPort{Host: f.Last(cmp.Or(config.Status.Host, "0.0.0.0"), "status-host"), Port: statusPort}
	t.initSQL = f.Last(config.InitSQL, "initialize-sql-file")
	t.graceful = time.Duration(config.GracefulWait) * time.Second
	if store := f.Last(cmp.Or(config.Store, "unistore"), "store"); store != "tikv" {
		return fmt.Errorf("store %q: the model has no store but tikv", store)
	}
	if t.pds, err = parseList(f.Last(config.Path, "path"), software.ParseHostPort); err != nil {
		return fmt.Errorf("path: %w", err)
	}
	files := config.Security
	t.clusterTLS, err = security{files.ClusterAuthorities, files.ClusterCertificate, files.ClusterKey, files.ClusterNames}.identity(t.Process)
	if err != nil {
		return fmt.Errorf("invalid TLS config: %w", err)
	}
	if files.Certificate+files.Key != "" {
		if t.sqlTLS, err = software.ReadIdentity(t.Process.Files, "", files.Certificate, files.Key); err != nil {
			return fmt.Errorf("secure connection cert/key/ca load fail: %w", err)
		}
	}
	return nil
}

func (t *tidb) Step(now time.Time, network software.Network) {
	t.now = now
	if t.Over(now) {
		return
	}
	if t.listening {
		t.verdict = t.assess(network)
		return
	}
	d, err := servingPD(network, t.clusterTLS, t.pds, false)
	if err != nil {
		t.waits(now, &t.pdSince, tidbPDTimeout, err)
		return
	}
	t.pdSince = time.Time{}
	if err := t.reachesStore(network, d.cluster); err != nil {
		t.waits(now, &t.storeSince, tidbTiKVTimeout, err)
		return
	}
	t.storeSince = time.Time{}
	t.cluster = d.cluster
	t.start(now)
}

// waits logs the problem that TiDB waits for, and exits after the timeout, as the real TiDB does.
func (t *tidb) waits(now time.Time, since *time.Time, timeout time.Duration, problem error) {
	if since.IsZero() {
		*since = now
	}
	if t.lastProblem == nil || t.lastProblem.Error() != problem.Error() {
		t.lastProblem = problem
		t.Process.Log("waits: %s", strings.ReplaceAll(problem.Error(), "\n", "; "))
	}
	if now.Sub(*since) >= t.Process.Pace.Of(timeout) {
		t.Fail(1, "new store failed: "+problem.Error())
	}
}

// start bootstraps the database unless that has been done, and opens the ports.
func (t *tidb) start(now time.Time) {
	if t.readyAt.IsZero() {
		t.readyAt = t.Process.ReadyAt(now, tidbBootstrap)
		t.cluster.bootstrapped = t.cluster.bootstrapped || t.Process.Adopted
	}
	if now.Before(t.readyAt) {
		return
	}
	if !t.cluster.bootstrapped {
		t.cluster.bootstrapped = true
		if t.initSQL != "" {
			statements, err := t.Process.Files.Read(t.initSQL)
			if err != nil {
				t.Fail(1, fmt.Sprintf("unable to read InitializeSQLFile: %v", err))
				return
			}
			t.cluster.usersNeedTLS = needsTLS(string(statements))
		}
		t.Process.Log("bootstrapped the database")
	}
	t.listening = true
}

// reachesStore checks that at least one store is up and reachable at the address it advertises.
func (t *tidb) reachesStore(network software.Network, cluster *tidbCluster) error {
	var problems []error
	for _, s := range cluster.stores {
		if s.tombstone {
			continue
		}
		err := connects(network, t.clusterTLS, s)
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
func connects(network software.Network, own *software.Identity, s *store) error {
	if !s.up() {
		return fmt.Errorf("TiKV %s is not up", s.address)
	}
	node, err := reach[*tikv](network, own, s.address)
	if err == nil && node != s.node {
		err = fmt.Errorf("%s: another store answers there", s.address)
	}
	if err != nil {
		return fmt.Errorf("TiKV %w", err)
	}
	return nil
}

// assess returns the result of a statement, which needs a timestamp from PD's leader, and the leaders of all regions.
func (t *tidb) assess(network software.Network) error {
	d, err := servingPD(network, t.clusterTLS, t.pds, true)
	t.leaders = nil
	if err != nil {
		return &pause{tidbNoTimestamp, tidbTimestampTimeout, err}
	}
	if !d.cluster.bootstrapped {
		d.cluster.bootstrapped = t.cluster.bootstrapped // if all PDs restarted, they read it from the stores
	}
	t.leaders = map[string]int{}
	for id, s := range d.cluster.stores {
		t.leaders[s.labels["region"]] += d.cluster.leaders(id)
	}
	leaders, err := d.cluster.whole()
	if err != nil {
		return &pause{tidbNoLeader, tidbReadTimeout, err}
	}
	for _, leader := range leaders {
		node, err := reach[*tikv](network, t.clusterTLS, leader.advertise)
		if err == nil && node != leader {
			err = fmt.Errorf("%s: another store answers there", leader.advertise)
		}
		if err != nil {
			return &pause{tidbNoLeader, tidbReadTimeout, fmt.Errorf("no connection to the regions' leader, TiKV %w", err)}
		}
	}
	return nil
}

// servingPD returns a PD of the list that serves; if leader is set, it returns the leader, which alone issues timestamps:
// other members do not forward the request. The error says why there is none.
func servingPD(network software.Network, own *software.Identity, pds []software.HostPort, leader bool) (*pd, error) {
	var problems []error
	for _, address := range pds {
		d, err := reach[*pd](network, own, address)
		switch {
		case err != nil:
		case !d.serving:
			err = fmt.Errorf("%s: no quorum", address)
		case leader && d.leader != d:
			err = fmt.Errorf("%s: does not lead", address)
		default:
			return d, nil
		}
		problems = append(problems, fmt.Errorf("PD %w", err))
	}
	return nil, errors.Join(problems...)
}

func (t *tidb) sql() error {
	if !t.listening || t.Exit() != nil {
		return errors.New("not bootstrapped")
	}
	return t.verdict
}

func (t *tidb) Accepts(port int, local bool) bool {
	return t.listening && t.Exit() == nil && software.Accepts([]software.HostPort{t.sqlAddress, t.status}, port, local)
}

func (t *tidb) Answer(port int, r software.Request, _ software.Network) software.Response {
	path := r.Path
	switch {
	case port != t.status.Port:
		return software.Response{Status: 400}
	case path == "/status" && t.Stopping():
		return software.Response{Status: 500}
	case path == "/status":
		return software.Response{Status: 200, Body: `{"connections":0,"version":"8.0.11-TiDB","status":{"init_stats_percentage":100}}`}
	case path == "/metrics" || path == "/info" || path == "/settings" || path == "/schema":
		return software.Response{Status: 200}
	}
	return software.Response{Status: 404}
}

// Stop fails the status page at once, serves SQL for the graceful wait, then drains connections.
func (t *tidb) Stop(now time.Time) { t.Leave(now, t.graceful+tidbDrain) }

// State says whether the server accepts connections.
func (t *tidb) State() software.State {
	word := "waits for the database"
	if t.listening {
		word = "up"
	}
	return software.State{Kind: "tidb", Word: word}
}
