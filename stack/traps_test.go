package stack_test

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"geo-wordpress/ports"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

// trapRules test what a naive port of the system to Kubernetes gets wrong. Each mistake goes unnoticed until the system
// is used.
var trapRules = []invariant{
	{"WordPress names a collation that TiDB has", wordPressNamesACollation},
	{"WordPress counts rows without SQL_CALC_FOUND_ROWS", wordPressCountsRows},
	{"PD is ready before it has a quorum, and TiDB waits for a store", startUpNeedsNoQuorum},
	{"nobody makes Syncthing's marker", nobodyMakesTheMarker},
	{"Syncthing's index is on the disk of its data", indexIsBesideTheData},
	{"Syncthing watches the directory behind the export", syncthingWatchesTheDisk},
	{"Syncthing's files can be installed again", syncthingInstallsAgain},
	{"the NFS service has the twelve ports", theNFSServiceHasTwelvePorts},
	{"the NFS server's helpers may give capabilities up", nfsHelpersGiveUpCapabilities},
	{"Syncthing's GUI is on loopback", theGUIIsOnLoopback},
}

func variable(c stacktest.Container, name string) string {
	if v := c.EnvVar(name); v != nil {
		return v.Value
	}
	return ""
}

// wordPressNamesACollation: WordPress's default is utf8mb4_unicode_520_ci, which TiDB does not have. WordPress would
// report success and leave no table.
func wordPressNamesACollation(t rapid.TB, s *system) {
	for _, w := range s.wordPressPods(t) {
		c := w.Pod.Containers[0]
		charset, collation := variable(c, "WORDPRESS_DB_CHARSET"), variable(c, "WORDPRESS_DB_COLLATE")
		if charset != "utf8mb4" || collation != "utf8mb4_general_ci" {
			t.Errorf("%s stores text as %q, sorted by %q", w, charset, collation)
		}
	}
	if s.Preview {
		return
	}
	for _, region := range s.config.Regions {
		for _, r := range s.in(region, "Secret") {
			if sql, ok := r.Data()["init.sql"].(string); ok && !strings.Contains(sql, "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci") {
				t.Errorf("%s makes a database with another collation than WordPress's", r)
			}
		}
	}
}

// wordPressPods are the workloads that load WordPress.
func (s *system) wordPressPods(t rapid.TB) []stacktest.Workload {
	t.Helper()
	var all []stacktest.Workload
	for _, region := range s.config.Regions {
		all = append(all, s.workload(t, region, "wordpress"), s.workload(t, region, "wordpress-cli"))
		if s.config.Site != nil {
			all = append(all, s.workload(t, region, "wordpress-install"))
		}
	}
	return all
}

// wordPressCountsRows: TiDB ignores SQL_CALC_FOUND_ROWS, so lists would end after their first page. The plugin that
// replaces it must be where WordPress looks, which is not on the shared volume.
func wordPressCountsRows(t rapid.TB, s *system) {
	for _, w := range s.wordPressPods(t) {
		c := w.Pod.Containers[0]
		mount := stacktest.VolumeMount{}
		for _, m := range c.VolumeMounts {
			if m.SubPath == "geo-tidb.php" {
				mount = m
			}
		}
		volume := w.Pod.Volume(mount.Name)
		extra := c.EnvVar("WORDPRESS_CONFIG_EXTRA")
		if volume == nil || volume.ConfigMap == nil || extra == nil || extra.ValueFrom.ConfigMapKeyRef == nil {
			t.Fatalf("%s mounts no plugin (%+v) or has no settings (%+v)", w, mount, extra)
		}
		if strings.HasPrefix(mount.MountPath, "/var/www/html/wp-content") {
			t.Errorf("%s mounts the plugin on the shared volume, at %s", w, mount.MountPath)
		}
		if s.Preview {
			continue
		}
		config := s.object(w.Resource, "ConfigMap", volume.ConfigMap.Name)
		if plugin, _ := config.Data()["geo-tidb.php"].(string); !strings.Contains(plugin, "add_filter") || !strings.Contains(plugin, "SQL_CALC_FOUND_ROWS") {
			t.Errorf("%s has a plugin that filters nothing", config)
		}
		settings, _ := config.Data()[extra.ValueFrom.ConfigMapKeyRef.Key].(string)
		if want := fmt.Sprintf("define( 'WPMU_PLUGIN_DIR', '%s' );", path.Dir(mount.MountPath)); !strings.Contains(settings, want) {
			t.Errorf("%s does not say %s", config, want)
		}
	}
}

// startUpNeedsNoQuorum: if PD's readiness needed a quorum, the second PD would never start. A TiDB without a store
// exits.
func startUpNeedsNoQuorum(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		pd := s.workload(t, region, "pd").Pod.Containers[0]
		if pd.StartupProbe != nil || action(pd.ReadinessProbe) != fmt.Sprintf("tcp %d", ports.PDClient) {
			t.Errorf("PD in %s is ready by %q after %q", region.Name, action(pd.ReadinessProbe), action(pd.StartupProbe))
		}
		for _, name := range []string{"pd", "tikv", "syncthing"} {
			for _, service := range s.in(region, "Service") {
				if service.Metadata().Name != name {
					continue
				}
				// Headless, so that it resolves in every region to the one pod behind it, ready or not.
				if service.At("spec.clusterIP") != "None" || service.At("spec.publishNotReadyAddresses") != true {
					t.Errorf("%s does not resolve to a pod that is starting: %v", service, service.At("spec"))
				}
				if w := s.workload(t, region, name); w.Spec.Replicas != 1 {
					t.Errorf("%s has %d pods behind it", service, w.Spec.Replicas)
				}
			}
		}
		tidb := s.workload(t, region, "tidb").Pod
		if len(tidb.InitContainers) != 1 {
			t.Fatalf("TiDB in %s has %d init containers, want the one that waits for a store", region.Name, len(tidb.InitContainers))
		}
		stores := strings.Fields(variable(tidb.InitContainers[0], "STORES"))
		if len(stores) != len(s.config.Regions) {
			t.Errorf("TiDB in %s asks %d Placement Drivers for a store, want one in each region: %v", region.Name, len(stores), stores)
		}
		for i, other := range s.config.Regions {
			if want := "https://pd." + s.config.Namespaces.Database + ".svc." + other.DNSDomain + ":2379/pd/api/v1/stores"; stores[i] != want {
				t.Errorf("TiDB in %s asks %s, want %s", region.Name, stores[i], want)
			}
		}
	}
}

// nobodyMakesTheMarker: Syncthing stops when its marker is missing, because the disk may be missing too. A marker on an
// empty disk would make it delete every file in every region.
func nobodyMakesTheMarker(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		text, err := json.Marshal(w.Pod)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), ".stfolder") {
			t.Errorf("%s speaks of .stfolder", w)
		}
	}
	for _, r := range s.Resources {
		if r.Kind() != "ConfigMap" && r.Kind() != "Secret" {
			continue
		}
		for name, value := range r.Data() {
			if text, _ := value.(string); strings.Contains(strings.ReplaceAll(text, "<markerName>.stfolder</markerName>", ""), ".stfolder") {
				t.Errorf("%s speaks of .stfolder in %s", r, name)
			}
		}
	}
}

// mountAt is a container's mount at a path.
func mountAt(c stacktest.Container, path string) stacktest.VolumeMount {
	for _, m := range c.VolumeMounts {
		if m.MountPath == path {
			return m
		}
	}
	return stacktest.VolumeMount{}
}

// argument is the value of a --name=value argument.
func argument(c stacktest.Container, name string) string {
	for _, a := range c.Args {
		if value, ok := strings.CutPrefix(a, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

// indexIsBesideTheData: an index that outlives its data reports every file as deleted.
func indexIsBesideTheData(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		pod := s.workload(t, region, "syncthing").Pod
		c := pod.Containers[0]
		index, data := mountAt(c, argument(c, "data")), mountAt(c, "/var/syncthing/wp-content")
		if index.Name == "" || index.Name != data.Name {
			t.Errorf("in %s the index is on %q, the data on %q", region.Name, index.Name, data.Name)
			continue
		}
		if v := pod.Volume(index.Name); v.Claim == nil {
			t.Errorf("in %s the index is on %v", region.Name, v.Sources)
		}
		if index.SubPath == "" || index.SubPath == data.SubPath {
			t.Errorf("in %s the index is in %q among the data in %q", region.Name, index.SubPath, data.SubPath)
		}
		// The NFS server, whose disk it is, creates the directory.
		makes := s.workload(t, region, "nfs").Pod.InitContainers[0]
		if script := strings.Join(makes.Command, " "); !strings.Contains(script, "mkdir -p /export/"+index.SubPath+";") {
			t.Errorf("in %s nobody makes %s: %s", region.Name, index.SubPath, script)
		}
	}
}

// syncthingWatchesTheDisk: an NFS client does not see other clients' writes. Syncthing watches the disk itself, which
// is attached to the NFS server's node, in the directory that has the volume's name.
func syncthingWatchesTheDisk(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		syncthing, server := s.workload(t, region, "syncthing"), s.workload(t, region, "nfs")
		data := mountAt(syncthing.Pod.Containers[0], "/var/syncthing/wp-content")
		export := mountAt(server.Pod.Containers[0], "/export")
		if s.namespaceOf(syncthing.Resource) != s.namespaceOf(server.Resource) {
			t.Errorf("Syncthing and the NFS server of %s are in namespaces of their own, and cannot share a claim", region.Name)
		}
		// Syncthing requires the server's node. The server only prefers Syncthing's: if both were required, a drained
		// node's pods would stay pending.
		required, preferred := syncthing.Pod.Affinity.PodAffinity.Required, server.Pod.Affinity.PodAffinity.Preferred
		if len(required) != 1 || len(preferred) != 1 || len(server.Pod.Affinity.PodAffinity.Required) > 0 {
			t.Fatalf("%s is bound by %+v, %s by %+v", syncthing, syncthing.Pod.Affinity, server, server.Pod.Affinity)
		}
		for _, other := range s.workloads(region) {
			for _, c := range []struct {
				w    stacktest.Workload
				term stacktest.AffinityTerm
				want bool
			}{
				{syncthing, required[0], app(other) == "nfs"},
				{server, preferred[0].Term, app(other) == "nfs" || app(other) == "syncthing"},
			} {
				if got := c.term.LabelSelector.Selects(other.Labels); got != c.want || c.term.TopologyKey != "kubernetes.io/hostname" {
					t.Errorf("%s is to be on the machine of %s: %v, want %v", c.w, other, got, c.want)
				}
			}
		}
		for _, id := range []*int{syncthing.Pod.SecurityContext.RunAsUser, syncthing.Pod.SecurityContext.RunAsGroup} {
			if id == nil || *id != 33 {
				t.Errorf("%s does not run as WordPress's user and group, 33, but %v", syncthing, valueOf(id))
			}
		}
		if s.Preview {
			continue
		}
		one, other := syncthing.Pod.Volume(data.Name).Claim, server.Pod.Volume(export.Name).Claim
		if one == nil || other == nil || one.ClaimName != other.ClaimName {
			t.Errorf("%s is on %+v, %s on %+v", syncthing, one, server, other)
		}
		var shared *stacktest.Resource
		for _, claim := range s.in(region, "PersistentVolumeClaim") {
			if slices.Contains(asList(claim.At("spec.accessModes")), any("ReadWriteMany")) {
				shared = claim
			}
		}
		volume := stacktest.Plain(shared.Outputs["spec"]).(map[string]any)["volumeName"]
		for _, c := range syncthing.Pod.All() {
			if c.Name == "metrics" { // it serves figures, on a port of the pod, and has no business with the disk
				if slices.ContainsFunc(c.VolumeMounts, func(m stacktest.VolumeMount) bool { return m.Name == data.Name }) {
					t.Errorf("%s: %s mounts the disk", syncthing, c.Name)
				}
				continue
			}
			if got := mountAt(c, "/var/syncthing/wp-content").SubPath; got != volume {
				t.Errorf("%s: %s looks at %q of the disk, the volume is %v", syncthing, c.Name, got, volume)
			}
		}
	}
}

// syncthingInstallsAgain: a secret's files and their copies are read-only. Without -f, cp cannot overwrite a copy, and
// the ignore patterns outlive the pod.
func syncthingInstallsAgain(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		pod := s.workload(t, region, "syncthing").Pod
		script := strings.Join(pod.InitContainers[0].Command, " ")
		if copies := strings.Count(script, "cp "); copies == 0 || copies != strings.Count(script, "cp -f ") {
			t.Errorf("in %s Syncthing's files are installed by %q", region.Name, script)
		}
	}
}

// nfsHelpersGiveUpCapabilities: the provisioner starts statd, which drops most capabilities. If it cannot, both exit.
func nfsHelpersGiveUpCapabilities(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		server := s.workload(t, region, "nfs").Pod.Containers[0]
		if added := server.SecurityContext.Capabilities.Add; !slices.Contains(added, "SETPCAP") {
			t.Errorf("the NFS server of %s has %v", region.Name, added)
		}
	}
}

// theNFSServiceHasTwelvePorts: the provisioner checks its Service for exactly these ports, and provisions nothing while
// one is missing or extra.
func theNFSServiceHasTwelvePorts(t rapid.TB, s *system) {
	want := map[string]bool{}
	for _, port := range []int{2049, 32803, 20048, 875, 111, 662} {
		want[fmt.Sprintf("TCP %d", port)], want[fmt.Sprintf("UDP %d", port)] = true, true
	}
	for _, region := range s.config.Regions {
		server, found := s.workload(t, region, "nfs"), false
		for _, service := range s.in(region, "Service") {
			if service.Metadata().Name != variable(server.Pod.Containers[0], "SERVICE_NAME") {
				continue
			}
			found = true
			got, names := map[string]bool{}, map[string]bool{}
			for _, item := range asList(service.At("spec.ports")) {
				port := item.(map[string]any)
				got[fmt.Sprintf("%v %v", port["protocol"], port["port"])], names[port["name"].(string)] = true, true
			}
			if !equal(got, want) || len(names) != len(want) || len(asList(service.At("spec.ports"))) != len(want) {
				t.Errorf("%s has the ports %v, want %v, each with a name of its own", service, got, want)
			}
			if service.At("spec.type") != "ClusterIP" || service.At("spec.clusterIP") != nil {
				t.Errorf("%s has no address that stays: %v", service, service.At("spec"))
			}
		}
		if !found {
			t.Errorf("%s has no service of the name that its NFS server is told", region.Name)
		}
	}
}

// theGUIIsOnLoopback: the image sets STGUIADDRESS to every address, which overrides the config file.
func theGUIIsOnLoopback(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		w := s.workload(t, region, "syncthing")
		if got := variable(w.Pod.Containers[0], "STGUIADDRESS"); got != "127.0.0.1:8384" {
			t.Errorf("%s listens for its GUI on %q", w, got)
		}
	}
}
