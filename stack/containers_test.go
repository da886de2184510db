package stack_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"geo-wordpress/config"
	"geo-wordpress/googlecloud"
	"geo-wordpress/sizing"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var containerRules = []invariant{
	{"images are the configured ones, and pinned", imagesArePinned},
	{"containers are sized by the table", containersAreSized},
	{"a region requests what its machines were checked for", aRegionRequestsWhatWasChecked},
	{"probes are as designed", probesAreAsDesigned},
	{"replicas are as configured", replicasAreAsConfigured},
	{"the database goes first where there is no room for all", priorities},
	{"broken servers are replaced", brokenServersAreReplaced},
	{"replicas are spread, and evicted one by one", replicasAreSpread},
	{"servers have the time they take to stop, and jobs end", podsStopInTime},
	{"pods do not see other services in their environment", podsDoNotSeeOtherServices},
}

// built is the image and the size of a container.
type built struct {
	image func(config.Images) string
	size  sizing.Container
}

var (
	tools     = func(i config.Images) string { return i.Tools }
	wordpress = func(i config.Images) string { return i.WordPress }
	rclone    = func(i config.Images) string { return i.Rclone }
)

// containers lists all containers, by application and container name.
var containers = map[string]built{
	"pd/pd":                               {func(i config.Images) string { return i.PD }, sizing.PD},
	"pd/start":                            {tools, sizing.Job},
	"tikv/tikv":                           {func(i config.Images) string { return i.TiKV }, sizing.TiKV},
	"tidb/tidb":                           {func(i config.Images) string { return i.TiDB }, sizing.TiDB},
	"tidb/store-is-up":                    {tools, sizing.Job},
	"database-init/database-init":         {wordpress, sizing.Job},
	"gate/gate":                           {tools, sizing.Job},
	"pd-gate/gate":                        {tools, sizing.Job},
	"tikv-gate/gate":                      {tools, sizing.Job},
	"membership/membership":               {tools, sizing.Job},
	"nfs/nfs-provisioner":                 {func(i config.Images) string { return i.NFS }, sizing.NFS},
	"nfs/directories":                     {tools, sizing.Job},
	"syncthing/syncthing":                 {func(i config.Images) string { return i.Syncthing }, sizing.Syncthing},
	"syncthing/housekeeping":              {tools, sizing.Helper},
	"syncthing/metrics":                   {rclone, sizing.Metrics},
	"collected/collected":                 {tools, sizing.Job},
	"syncthing/install":                   {tools, sizing.Job},
	"wordpress/wordpress":                 {wordpress, sizing.WordPress},
	"wordpress/health":                    {wordpress, sizing.Health},
	"wordpress-cron/wordpress-cron":       {tools, sizing.Job},
	"wordpress-cli/wp-cli":                {wordpress, sizing.Shell},
	"wordpress-cli/fetch":                 {func(i config.Images) string { return i.WPCLI }, sizing.Job},
	"wordpress-install/wordpress-install": {wordpress, sizing.Job},
	"database-reader/database-reader":     {wordpress, sizing.Job},
	"backup/turn":                         {rclone, sizing.Job},
	"backup/database":                     {func(i config.Images) string { return i.Dumpling }, sizing.Backup},
	"backup/files":                        {wordpress, sizing.Backup},
	"restore/begin":                       {wordpress, sizing.Job},
	"restore/fetch":                       {rclone, sizing.Job},
	"restore/database":                    {func(i config.Images) string { return i.Lightning }, sizing.Backup},
	"restore/files":                       {wordpress, sizing.Backup},
	"restore/end":                         {wordpress, sizing.Backup},
}

func app(w stacktest.Workload) string { return w.Labels["app.kubernetes.io/name"] }

func buildOf(t rapid.TB, w stacktest.Workload, c stacktest.Container) built {
	t.Helper()
	b, ok := containers[app(w)+"/"+c.Name]
	if !ok {
		t.Fatalf("%s has a container that the test does not know: %s/%s", w, app(w), c.Name)
	}
	return b
}

var pinned = regexp.MustCompile(`(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$`)

func imagesArePinned(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for _, c := range w.Pod.All() {
			if want := buildOf(t, w, c).image(s.config.Images); c.Image != want {
				t.Errorf("%s: %s runs %s, want %s", w, c.Name, c.Image, want)
			}
			if !pinned.MatchString(c.Image) || strings.HasSuffix(c.Image, ":latest") {
				t.Errorf("%s: %s runs %s, which moves", w, c.Name, c.Image)
			}
		}
	}
}

func containersAreSized(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for _, c := range w.Pod.All() {
			size := buildOf(t, w, c).size
			want := stacktest.Resources{
				Requests: map[string]string{"cpu": size.CPURequest, "memory": size.MemoryRequest},
				Limits:   map[string]string{"cpu": size.CPULimit, "memory": size.MemoryLimit},
			}
			if !equal(c.Resources, want) {
				t.Errorf("%s: %s has %+v, want %+v", w, c.Name, c.Resources, want)
			}
		}
	}
}

// request is what the scheduler reserves for a pod: the sum of its containers' requests, or the largest of its init
// containers if that is more.
func request(t rapid.TB, p stacktest.Pod) googlecloud.Resources {
	t.Helper()
	of := func(c stacktest.Container) googlecloud.Resources {
		if c.Resources.Requests["cpu"] == "" || c.Resources.Requests["memory"] == "" {
			t.Fatalf("%s requests %v", c.Name, c.Resources.Requests)
		}
		return sizing.Container{CPURequest: c.Resources.Requests["cpu"], MemoryRequest: c.Resources.Requests["memory"]}.Request()
	}
	var sum googlecloud.Resources
	for _, c := range p.Containers {
		sum = sum.Plus(of(c))
	}
	for _, c := range p.InitContainers {
		sum.MilliCPU, sum.Memory = max(sum.MilliCPU, of(c).MilliCPU), max(sum.Memory, of(c).Memory)
	}
	return sum
}

// jobsAtOnce is the number of jobs that may run in a region at the same time: the database's init, the site's
// installation, and the cron.
const jobsAtOnce = 3

// aRegionRequestsWhatWasChecked: the capacity check counts every server, one more WordPress during an update, the jobs,
// and GKE's own pods.
func aRegionRequestsWhatWasChecked(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		var servers, surge googlecloud.Resources
		jobs := 0
		for _, w := range s.workloads(region) {
			switch w.Kind() {
			case "Job", "CronJob":
				// Gates end before the database's init begins: see orderRules. In a first update, the Job that waits for the
				// replicas ends at once; later there is no installation.
				// A shell is somebody's wish, and a backup can wait if there is no room.
				others := []string{"membership", "backup", "restore", "database-reader", "wordpress-cli", "collected"}
				if !strings.HasSuffix(app(w), "gate") && !slices.Contains(others, app(w)) {
					jobs++
				}
				continue
			case "Deployment":
				if w.Spec.Strategy.Type != "Recreate" {
					surge = surge.Plus(request(t, w.Pod).Times(w.Spec.Strategy.RollingUpdate.MaxSurge))
				}
			}
			servers = servers.Plus(request(t, w.Pod).Times(w.Spec.Replicas))
		}
		all := servers.Plus(surge).Plus(sizing.Job.Request().Times(jobsAtOnce))
		if s.config.Monitoring == nil {
			all = all.Plus(sizing.Metrics.Request()) // the check counts it always
		}
		for _, agent := range googlecloud.ClusterAgents {
			all = all.Plus(agent.Request.Times(agent.Replicas))
		}
		if checked := sizing.Requested(s.config.Replicas); checked != all {
			t.Errorf("%s requests %s (%s of it more in an update), the check counts %s", region.Name, all, surge, checked)
		}
		if jobs > jobsAtOnce {
			t.Errorf("%s has %d kinds of jobs, the check counts %d at once", region.Name, jobs, jobsAtOnce)
		}
	}
}

// probes of the servers, by application and container name: startup, readiness, liveness. PD is ready when it listens:
// a quorum needs the next region's PD.
var probes = map[string][3]string{
	"pd/pd":                  {"", "tcp 2379", "tcp 2379"},
	"tikv/tikv":              {"tcp 20180", "tcp 20180", "tcp 20160"},
	"tidb/tidb":              {"tcp 10080", "tcp 10080", "tcp 4000"},
	"nfs/nfs-provisioner":    {"tcp 2049", "tcp 2049", "tcp 2049"},
	"syncthing/syncthing":    {"tcp 22000", syncthingHealth, syncthingHealth},
	"syncthing/housekeeping": {}, // a shell's loop
	"syncthing/metrics":      {"", "tcp 8082", "tcp 8082"},
	// Startup: WordPress's code and plugins load. Liveness must not depend on the database, which a restart of
	// WordPress does not repair. Readiness must not use WordPress's own port: during an election its connection queue
	// may be full.
	"wordpress/wordpress":  {"http 80 /startz.php", "", "tcp 80"},
	"wordpress-cli/wp-cli": {"", "exec test -e /tmp/geo-wordpress-ready", ""}, // WordPress is in place
	"wordpress/health":     {"tcp 80", "http 8081 /healthz.php?ready", "tcp 8081"},
}

const syncthingHealth = "exec curl -fsS -m 2 http://127.0.0.1:8384/rest/noauth/health"

func probesAreAsDesigned(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for _, c := range w.Pod.Containers {
			want, server := probes[app(w)+"/"+c.Name]
			if server == strings.HasSuffix(w.Kind(), "Job") && app(w) != "wordpress-cli" {
				t.Errorf("%s: the test knows probes for %s/%s: %v", w, app(w), c.Name, server)
			}
			got := [3]string{action(c.StartupProbe), action(c.ReadinessProbe), action(c.LivenessProbe)}
			if got != want {
				t.Errorf("%s: %s is probed by %q, want %q", w, c.Name, got, want)
			}
			for _, p := range []*stacktest.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
				// The default timeout of one second is less than a busy machine takes to start a process.
				if p != nil && (p.PeriodSeconds < 1 || p.TimeoutSeconds < 2 || p.FailureThreshold < 1) {
					t.Errorf("%s: %s has a probe of %+v", w, c.Name, *p)
				}
			}
		}
		for _, c := range w.Pod.InitContainers {
			if c.StartupProbe != nil || c.ReadinessProbe != nil || c.LivenessProbe != nil {
				t.Errorf("%s: the init container %s has a probe, which Kubernetes refuses", w, c.Name)
			}
		}
	}
}

func action(p *stacktest.Probe) string {
	switch {
	case p == nil:
		return ""
	case p.HTTPGet != nil:
		return fmt.Sprintf("http %d %s", p.HTTPGet.Port, p.HTTPGet.Path)
	case p.TCPSocket != nil:
		return fmt.Sprintf("tcp %d", p.TCPSocket.Port)
	case p.Exec != nil:
		return "exec " + strings.Join(p.Exec.Command, " ")
	}
	return "nothing"
}

func replicasAreAsConfigured(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for _, spread := range w.Pod.TopologySpread {
			// Counted with the pods that an update replaces, all new pods could land on one node.
			if !slices.Contains(spread.MatchLabelKeys, "pod-template-hash") {
				t.Errorf("%s spreads its pods without regard to their revision: %v", w, spread.MatchLabelKeys)
			}
		}
		want := map[string]int{
			"pd": 1, "tikv": 1, "nfs": 1, "syncthing": 1,
			"tidb": s.config.Replicas.TiDB, "wordpress": s.config.Replicas.WordPress,
		}[app(w)]
		if w.Spec.Replicas != want {
			t.Errorf("%s has %d replicas, want %d", w, w.Spec.Replicas, want)
		}
	}
	for _, region := range s.config.Regions {
		pool := s.poolOf(s.clusterIn(region))
		for path, want := range map[string]any{
			"nodeCount":              float64(region.Nodes),
			"nodeConfig.machineType": region.MachineType,
			"nodeConfig.diskSizeGb":  float64(s.config.Disks.Boot),
			"nodeLocations.0":        region.Zone,
			"nodeLocations.1":        nil,
			// Another strategy creates another instance group, without the named port.
			"upgradeSettings.strategy": "SURGE",
		} {
			if got := pool.At(path); got != want {
				t.Errorf("%s: %s is %v, want %v", pool, path, got, want)
			}
		}
	}
}

// ranks are the priority classes of the pods, by application, with their values.
var ranks = map[string]struct {
	class string
	value int
}{
	"pd": {"database", 1_000_000}, "tikv": {"database", 1_000_000}, "tidb": {"database", 1_000_000},
	"nfs": {"files", 900_000}, "syncthing": {"sync", 800_000}, "wordpress": {"wordpress", 700_000},
	"gate": {"jobs", 600_000}, "pd-gate": {"jobs", 600_000}, "tikv-gate": {"jobs", 600_000}, "membership": {"jobs", 600_000}, "database-init": {"jobs", 600_000}, "wordpress-cron": {"jobs", 600_000},
	"wordpress-install": {"jobs", 600_000}, "database-reader": {"jobs", 600_000}, "backup": {"jobs", 600_000}, "restore": {"jobs", 600_000},
	"wordpress-cli": {"jobs", 600_000}, "collected": {"jobs", 600_000},
}

// priorities: every pod has the priority class of its rank and depends on it: the API refuses a pod whose class does
// not exist.
func priorities(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		for _, r := range s.in(region, "PriorityClass") {
			if r.At("globalDefault") == true {
				t.Errorf("%s is the class of all other pods too", r)
			}
		}
		for _, w := range s.workloads(region) {
			rank, class := ranks[app(w)], s.classOf(region, w)
			switch {
			case rank.class == "" || class == nil:
				t.Errorf("%s has no rank, or %s no class of it", w, region.Name)
			case !s.Preview && w.Pod.PriorityClassName != class.Metadata().Name:
				t.Errorf("%s is of the class %q, want %s", w, w.Pod.PriorityClassName, class)
			case !s.Closure(w.Resource)[class]:
				t.Errorf("%s does not wait for %s", w, class)
			case class.At("value") != float64(rank.value):
				t.Errorf("%s is worth %v, want %d", class, class.At("value"), rank.value)
			}
		}
	}
}

// brokenServersAreReplaced: with the default policy, a StatefulSet waits for a broken pod to be ready before it applies
// the corrected template (kubernetes/kubernetes#67250). The policy can be set only at creation.
func brokenServersAreReplaced(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		if policy := w.Text("spec.podManagementPolicy"); w.Kind() == "StatefulSet" && policy != "Parallel" {
			t.Errorf("%s manages its pods %q", w, policy)
		}
	}
}

// replicasAreSpread: replicated pods are spread over nodes, and their disruption budget allows one to be evicted at a
// time. A budget for a single replica would only block the drain of its node.
func replicasAreSpread(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		budgets := map[string]any{}
		for _, r := range s.in(region, "PodDisruptionBudget") {
			name, _ := r.At("spec.selector.matchLabels").(map[string]any)
			budgets[name["app.kubernetes.io/name"].(string)] = r.At("spec.maxUnavailable")
		}
		if want := map[string]any{"tidb": float64(1), "wordpress": float64(1)}; !equal(budgets, want) {
			t.Errorf("%s has the disruption budgets %v, want %v", region.Name, budgets, want)
		}
		for name := range budgets {
			w := s.workload(t, region, name)
			if len(w.Pod.TopologySpread) != 1 || w.Pod.TopologySpread[0].TopologyKey != "kubernetes.io/hostname" ||
				!w.Pod.TopologySpread[0].LabelSelector.Selects(w.Labels) {
				t.Errorf("%s is not spread over machines: %+v", w, w.Pod.TopologySpread)
			}
		}
	}
}

// stops is how long the servers take to stop, in seconds: TiKV transfers its leaders for up to 20 (tikv.toml) and then
// flushes; TiDB keeps serving for 10 (tidb.toml) and drains for up to 15.
var stops = map[string]int{"tikv": 40, "tidb": 25}

func podsStopInTime(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		if least := stops[app(w)]; least > 0 && (w.Pod.GracePeriod == nil || *w.Pod.GracePeriod <= least) {
			t.Errorf("%s is killed after %v seconds, and takes %d", w, valueOf(w.Pod.GracePeriod), least)
		}
		want := map[bool]string{true: "Never", false: ""}[strings.HasSuffix(w.Kind(), "Job")]
		if w.Pod.RestartPolicy != want {
			t.Errorf("%s restarts its containers %q, want %q", w, w.Pod.RestartPolicy, want)
		}
	}
}

// podsDoNotSeeOtherServices: service links would set variables such as TIDB_PORT=tcp://10.x.y.z:4000 in every pod of
// TiDB's namespace, and software reads such variables as its own settings.
func podsDoNotSeeOtherServices(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		if w.Pod.EnableServiceLinks == nil || *w.Pod.EnableServiceLinks {
			t.Errorf("%s gets a variable for every service of its namespace", w)
		}
	}
}
