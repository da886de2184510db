package stack_test

import (
	"slices"
	"strings"

	"geo-wordpress/components/tidb"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var securityRules = []invariant{
	{"namespaces enforce a Pod Security level", namespacesEnforceALevel},
	{"pods meet their namespace's level", podsMeetTheirLevel},
	{"root file systems are read-only", rootFileSystemsAreReadOnly},
	{"only the provisioner gets a token", onlyTheProvisionerGetsAToken},
	{"the provisioner's rights are few", theProvisionersRightsAreFew},
	{"scratch space is bounded", scratchSpaceIsBounded},
	{"pods may write on their disks, and read their secrets", podsMayUseTheirVolumes},
	{"machines have one role", machinesHaveOneRole},
	{"machines are hardened", machinesAreHardened},
}

const levelLabel = "pod-security.kubernetes.io/enforce"

// levels of the namespaces. The NFS server opens files by handle and raises its own limits, which only privileged
// namespaces allow.
func (s *system) levels() map[string]string {
	n := s.config.Namespaces
	return map[string]string{n.Database: "restricted", n.Files: "privileged", n.WordPress: "restricted"}
}

func namespacesEnforceALevel(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		got := map[string]string{}
		for _, r := range s.in(region, "Namespace") {
			if r.Custom {
				got[r.Metadata().Name] = r.Metadata().Labels[levelLabel]
			}
		}
		if want := s.levels(); !equal(got, want) {
			t.Errorf("%s has the namespaces %v, want %v", region.Name, got, want)
		}
	}
}

func podsMeetTheirLevel(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		broken := restricted(w.Pod)
		if app(w) == "nfs" {
			// The one exception, kept minimal: root, with the capabilities of a file server.
			broken = slices.DeleteFunc(broken, func(what string) bool {
				return what == "nfs-provisioner may run as root" || what == "directories may run as root" || what == "directories runs as root" ||
					strings.HasPrefix(what, "nfs-provisioner adds ") || strings.HasPrefix(what, "directories adds ")
			})
		}
		for _, what := range broken {
			t.Errorf("%s breaks the restricted level: %s", w, what)
		}
	}
}

// restricted lists a pod's violations of the restricted Pod Security Standard
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/), baseline included.
func restricted(p stacktest.Pod) []string {
	var broken []string
	breaks := func(is bool, what ...string) {
		if is {
			broken = append(broken, strings.Join(what, " "))
		}
	}
	breaks(p.HostNetwork || p.HostPID || p.HostIPC, "it shares a namespace with the host")
	for _, sysctl := range p.SecurityContext.Sysctls {
		breaks(!slices.Contains(safeSysctls, sysctl.Name), "it sets the sysctl", sysctl.Name)
	}
	for _, v := range p.Volumes {
		breaks(len(v.Sources) != 1 || !slices.Contains(allowedVolumes, v.Sources[0]), v.Name, "is a volume of", strings.Join(v.Sources, ", "))
	}
	pod := p.SecurityContext.Confinement
	broken = append(broken, confinement("the pod", pod)...)
	for _, c := range p.All() {
		own := c.SecurityContext
		broken = append(broken, confinement(c.Name, own.Confinement)...)
		breaks(own.Privileged, c.Name, "is privileged")
		breaks(own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation, c.Name, "may gain privileges")
		breaks(own.ProcMount != "" && own.ProcMount != "Default", c.Name, "mounts /proc as", own.ProcMount)
		breaks(!slices.Contains(own.Capabilities.Drop, "ALL"), c.Name, "keeps capabilities")
		for _, capability := range own.Capabilities.Add {
			breaks(capability != "NET_BIND_SERVICE", c.Name, "adds", capability)
		}
		for _, port := range c.Ports {
			breaks(port.HostPort != 0, c.Name, "listens on the host")
		}
		nonRoot := own.RunAsNonRoot
		if nonRoot == nil {
			nonRoot = pod.RunAsNonRoot
		}
		breaks(nonRoot == nil || !*nonRoot, c.Name, "may run as root")
		seccomp := own.Seccomp.Type
		if seccomp == "" {
			seccomp = pod.Seccomp.Type
		}
		breaks(seccomp != "RuntimeDefault" && seccomp != "Localhost", c.Name, "has the seccomp profile", seccomp)
	}
	return broken
}

// confinement lists the settings of a pod's or a container's security context that only the privileged level allows.
func confinement(whose string, c stacktest.Confinement) []string {
	var broken []string
	if c.RunAsUser != nil && *c.RunAsUser == 0 {
		broken = append(broken, whose+" runs as root")
	}
	if len(c.SELinux) > 0 || len(c.Windows) > 0 {
		broken = append(broken, whose+" sets SELinux or Windows options")
	}
	if c.AppArmor.Type != "" && c.AppArmor.Type != "RuntimeDefault" && c.AppArmor.Type != "Localhost" {
		broken = append(broken, whose+" has the AppArmor profile "+c.AppArmor.Type)
	}
	return broken
}

var (
	safeSysctls = []string{
		"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
		"net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
		"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
	}
	allowedVolumes = []string{
		"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
	}
)

func rootFileSystemsAreReadOnly(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for _, c := range w.Pod.All() {
			if readOnly := c.SecurityContext.ReadOnlyRootFilesystem; app(w) != "nfs" && (readOnly == nil || !*readOnly) {
				t.Errorf("%s: %s may write into its image", w, c.Name)
			}
		}
	}
}

func onlyTheProvisionerGetsAToken(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		mounts := w.Pod.AutomountServiceAccountToken == nil || *w.Pod.AutomountServiceAccountToken
		named := slices.Contains([]string{"nfs", "backup", "restore"}, app(w)) // the latter two for Google Cloud alone
		if mounts != (app(w) == "nfs") || (w.Pod.ServiceAccountName != "") != named {
			t.Errorf("%s gets a token of %q: %v", w, w.Pod.ServiceAccountName, mounts)
		}
	}
}

// theProvisionersRightsAreFew: the provisioner serves claims and has no access to Secrets, pods or RBAC objects. It may
// change claims only beside its own: elsewhere it could enlarge disks. The one other role is the metrics collectors', who may
// read the one Secret with which the database's servers are called.
func theProvisionersRightsAreFew(t rapid.TB, s *system) {
	may := map[string][]string{
		"ClusterRole": {"persistentvolumes", "persistentvolumeclaims", "storageclasses", "events"},
		"Role":        {"services", "endpoints", "persistentvolumeclaims"},
	}
	for _, r := range s.Resources {
		resources, isRole := may[r.Kind()]
		if !isRole || !r.IsKubernetes() {
			continue
		}
		for _, item := range asList(r.At("rules")) {
			given := item.(map[string]any)
			if strings.HasPrefix(r.Name, "collection-") {
				want := map[string]any{"apiGroups": []any{""}, "resources": []any{"secrets"}, "resourceNames": []any{tidb.Certificates},
					"verbs": []any{"get", "list", "watch"}}
				if !equal(given, want) || s.config.Monitoring == nil || len(asList(r.At("rules"))) != 1 {
					t.Errorf("%s gives %v", r, given)
				}
				continue
			}
			for _, name := range asList(given["resources"]) {
				if !slices.Contains(resources, name.(string)) {
					t.Errorf("%s gives rights over %v", r, name)
				}
				changes := slices.ContainsFunc(asList(given["verbs"]), func(verb any) bool {
					return !slices.Contains([]any{"get", "list", "watch"}, verb)
				})
				if n := s.namespaceOf(r); name == "persistentvolumeclaims" && changes && (n == nil || !strings.HasSuffix(n.Name, "-wordpress")) {
					t.Errorf("%s gives rights to change the claims of %v", r, n)
				}
			}
			for _, list := range []string{"verbs", "resources", "apiGroups"} {
				if slices.Contains(asList(given[list]), any("*")) {
					t.Errorf("%s gives every right there is: %v", r, given)
				}
			}
		}
	}
}

// scratchSpaceIsBounded: without a limit, one pod fills its machine's disk.
func scratchSpaceIsBounded(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for _, v := range w.Pod.Volumes {
			if v.EmptyDir != nil && v.EmptyDir.SizeLimit == "" {
				t.Errorf("%s: %s may grow without end", w, v.Name)
			}
		}
	}
}

// podsMayUseTheirVolumes: a new disk and a Secret's files belong to root. fsGroup gives both to the pod's group.
// Syncthing cannot use it, because it would give the NFS server's state to that group; its secret is world-readable in
// the pod.
func podsMayUseTheirVolumes(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		group, user := w.Pod.SecurityContext.FSGroup, w.Pod.SecurityContext.RunAsUser
		for _, v := range w.Pod.Volumes {
			if v.Secret != nil {
				mode := v.Secret.DefaultMode
				if mode == nil || (*mode&0o004 != 0) != (group == nil) || *mode&0o222 != 0 {
					t.Errorf("%s: the files of %s have mode %o, with group %v", w, v.Name, valueOf(mode), valueOf(group))
				}
			}
			if v.Claim != nil && slices.Contains([]string{"pd", "tikv"}, app(w)) && (group == nil || user == nil || *group != *user) {
				t.Errorf("%s may not write on %s: user %v, group %v", w, v.Name, valueOf(user), valueOf(group))
			}
		}
		if slices.Contains([]string{"nfs", "syncthing", "wordpress"}, app(w)) && group != nil {
			t.Errorf("%s gives the files of the other pods on its volume to group %d", w, *group)
		}
	}
}

func valueOf(n *int) any {
	if n == nil {
		return "none"
	}
	return *n
}

func machinesHaveOneRole(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if strings.Contains(strings.ToLower(r.Kind()), "iam") && !strings.HasSuffix(r.Kind(), "IAMMember") {
			t.Errorf("%s takes its role from everybody else", r)
		}
	}
	for _, region := range s.config.Regions {
		members := s.in(region, "IAMMember")
		if len(members) != 1 || members[0].At("role") != "roles/container.defaultNodeServiceAccount" ||
			members[0].At("project") != s.config.Project {
			t.Errorf("%s gives the roles %v", region.Name, members)
		}
		account := s.in(region, "Account")[0]
		if s.Preview {
			continue
		}
		if members[0].At("member") != account.Output("member") {
			t.Errorf("%s is given to %v, not to %s", members[0], members[0].At("member"), account)
		}
		if got := s.poolOf(account).At("nodeConfig.serviceAccount"); got != account.Output("email") {
			t.Errorf("the machines of %s run as %v, not as %s", region.Name, got, account)
		}
	}
}

func machinesAreHardened(t rapid.TB, s *system) {
	for _, pool := range s.Of(stacktest.PoolType) {
		for path, want := range map[string]any{
			"nodeConfig.workloadMetadataConfig.mode":                      "GKE_METADATA",
			"nodeConfig.shieldedInstanceConfig.enableSecureBoot":          true,
			"nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring": true,
			"nodeConfig.metadata.disable-legacy-endpoints":                "true",
		} {
			if got := pool.At(path); got != want {
				t.Errorf("%s: %s is %v, want %v", pool, path, got, want)
			}
		}
	}
	for _, cluster := range s.Of(stacktest.ClusterType) {
		for path, want := range map[string]any{
			"enableShieldedNodes":                                       true,
			"workloadIdentityConfig.workloadPool":                       s.config.Project + ".svc.id.goog",
			"masterAuth.clientCertificateConfig.issueClientCertificate": false,
			"removeDefaultNodePool":                                     true,
		} {
			if got := cluster.At(path); got != want {
				t.Errorf("%s: %s is %v, want %v", cluster, path, got, want)
			}
		}
	}
}
