package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// grown are the larger disks: the key and the size in GiB, the claim on the disk and its URN's end, by role.
var grown = map[string]struct {
	key              string
	size             int
	namespace, claim string
	urn              string
}{
	"pd":    {"pdDiskGiB", 12, "database", "pd-data", "tidb-%s-pd"},
	"tikv":  {"tikvDiskGiB", 24, "database", "tikv-data", "tidb-%s-tikv"},
	"files": {"filesDiskGiB", 14, "files", "files", "nfs-%s"},
}

// growDisks enlarges all disks. Disks, volumes, claims and file systems must follow, and no pod may restart. (The steps
// after it find nothing to change and no drift.)
func growDisks(b *bench) {
	b.t.Helper()
	var plan []string
	for role, g := range grown {
		b.set(g.key, fmt.Sprint(g.size))
		plan = append(plan, "update gcp:compute/disk:Disk::storage-%s-"+role,
			"update kubernetes:core/v1:PersistentVolumeClaim::"+g.urn)
	}
	planned(b, plan...)
	before := running(b)
	b.grow("on")
	b.pulumi("up --yes --skip-preview")
	checkAutoscalers(b)
	var wrong []string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		if wrong = notGrown(b); len(wrong) == 0 {
			break
		}
	}
	for _, each := range wrong {
		b.t.Error(each)
	}
	if after := running(b); !slices.Equal(before, after) {
		b.t.Errorf("pods before and after:\n%s\n\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

// notGrown lists what has not grown yet: disks in the cloud, claims with their file systems, and volumes.
func notGrown(b *bench) (wrong []string) {
	b.t.Helper()
	for _, region := range regionNames {
		for role, g := range grown {
			core := b.client(region).CoreV1()
			claim := one(b, core.PersistentVolumeClaims(g.namespace).Get, g.claim)
			volume := one(b, core.PersistentVolumes().Get, claim.Spec.VolumeName)
			// A claim's capacity is its file system's size, a volume's the disk's.
			want, conditions := fmt.Sprintf("%dGi", g.size), claim.Status.Conditions
			got, disk := claim.Status.Capacity.Storage().String(), volume.Spec.Capacity.Storage().String()
			if got != want || disk != want || len(conditions) > 0 {
				wrong = append(wrong, fmt.Sprintf("the %s of %s have %s on a volume of %s, want %s: %v", role, region, got, disk, want, conditions))
			}
		}
	}
	return wrong
}

// running lists the pods that use disks, each with its start and its restarts.
func running(b *bench) (all []string) {
	b.t.Helper()
	for _, region := range regionNames {
		pods := list(b, b.client(region).CoreV1().Pods("").List, "app.kubernetes.io/name in (pd, tikv, tidb, nfs, syncthing, wordpress)")
		for _, pod := range pods.Items {
			restarts := int32(0)
			for _, c := range pod.Status.ContainerStatuses {
				restarts += c.RestartCount
			}
			all = append(all, fmt.Sprintf("%s %s %s %s, %d restarts", region, pod.Name, pod.UID, pod.Spec.NodeName, restarts))
		}
	}
	slices.Sort(all)
	return all
}

// sized is what changes with the numbers of machines and pods: the machines, the gate that the next region's machines
// wait for, and the workloads.
var sized = []string{
	"update gcp:container/nodePool:NodePool::cluster-%s", "replace kubernetes:batch/v1:Job::gate-%s",
	"update kubernetes:apps/v1:Deployment::tidb-%s-tidb", "update kubernetes:apps/v1:Deployment::wordpress-%s",
}

// addMachines adds a machine to each region, and a TiDB and a WordPress, which need the room.
func addMachines(b *bench) { resize(b, 3, "changed") }

// removeMachines takes them away again. The pods on the machines that leave move to the others.
func removeMachines(b *bench) { resize(b, 2, "off") }

// resize changes the numbers, and with the same update turns the features.
func resize(b *bench, each int, to string) {
	b.t.Helper()
	for _, key := range []string{"nodesPerRegion", "tidbReplicas", "wordpressReplicas"} {
		b.set(key, fmt.Sprint(each))
	}
	b.turn(to, planned(b, sized...))
	watch := watchRegions(b, "database", "app.kubernetes.io/name in (pd, tikv)")
	b.pulumi("up --yes --skip-preview")
	for _, both := range watch() {
		b.t.Error(both)
	}
	settleClusters(b)
	if to == "changed" {
		checkHTTPS(b)
	}
	for _, region := range regionNames {
		if nodes := strings.Fields(b.kubectl(region, "get", "nodes", "-o", "name")); len(nodes) != each {
			b.t.Errorf("%s has the machines %v, not %d", region, nodes, each)
		}
		for namespace, workload := range map[string]string{"database": "tidb", "wordpress": "wordpress"} {
			if ready := b.kubectl(region, "-n", namespace, "get", "deploy", workload, "-o", "jsonpath={.status.readyReplicas}"); ready != fmt.Sprint(each) {
				b.t.Errorf("%s has %s ready pods of %s, not %d", region, ready, workload, each)
			}
		}
	}
}
