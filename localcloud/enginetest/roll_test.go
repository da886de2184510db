package enginetest

import (
	"os/exec"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// rollMachines replaces every machine. The database must never lack servers in two regions at once, and each region's
// pool must start only after the gate of the region before.
func rollMachines(b *bench, machineType string) {
	b.t.Helper()
	b.set("machineType", machineType)
	watch := watchRegions(b, "database", "app.kubernetes.io/name in (pd, tikv)")
	out := b.pulumi("up --yes --skip-preview")
	away := watch()
	for i, region := range regionNames {
		types := b.kubectl(region, "get", "nodes", "-o",
			`jsonpath={.items[*].metadata.labels.node\.kubernetes\.io/instance-type}`)
		if types != machineType+" "+machineType {
			b.t.Errorf("%s has machines %q", region, types)
		}
		if i == 0 {
			continue
		}
		before := regionNames[i-1]
		begun := lineOf(out, "NodePool", region, "updating (")
		for what, ended := range map[string]int{
			"machines": lineOf(out, "NodePool", before, " updated ("),
			"gate":     lineOf(out, ":Job", "gate-"+before, " created "),
		} {
			if begun < 0 || ended < 0 || begun < ended {
				b.t.Errorf("the machines of %s begin to change in line %d, the %s of %s are done in line %d:\n%s", region, begun, what, before, ended, tail(out, 80))
			}
		}
	}
	for _, both := range away {
		b.t.Error(both)
	}
	settleClusters(b)
}

// lineOf returns the number of the last line that holds all the fragments, or -1.
func lineOf(out string, fragments ...string) int {
	found := -1
	for i, line := range strings.Split(out, "\n") {
		all := true
		for _, f := range fragments {
			all = all && strings.Contains(line, f)
		}
		if all {
			found = i
		}
	}
	return found
}

// rollABadImage gives the single-pod servers a tag that cannot be pulled. The update stops in the first region, the
// others keep their images, and the next update, with a right tag, succeeds without further action.
func rollABadImage(b *bench) {
	broken := map[string]string{"tikv-0": "database", "nfs-0": "files"}
	b.set("tikvImage", "docker.io/pingcap/tikv:no-such-tag")
	b.set("nfsImage", "registry.k8s.io/sig-storage/nfs-provisioner:no-such-tag")
	out, err := b.untilInterrupted(func() bool {
		for pod, namespace := range broken {
			if !strings.Contains(b.tryKubectl(regionNames[0], "-n", namespace, "get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].state.waiting.reason}"), "ImagePullBackOff") {
				return false
			}
		}
		return true
	})
	if err == nil {
		b.t.Fatalf("an update to an image that does not exist succeeded:\n%s", tail(out, 60))
	}
	for pod, namespace := range broken {
		for i, region := range regionNames {
			image := b.kubectl(region, "-n", namespace, "get", "pod", pod, "-o", "jsonpath={.spec.containers[0].image}")
			if bad := strings.HasSuffix(image, ":no-such-tag"); bad != (i == 0) {
				b.t.Errorf("after the failed update %s of %s runs %s", pod, region, image)
			}
		}
	}
	b.set("tikvImage", "docker.io/pingcap/tikv:v8.5.8")
	b.set("nfsImage", "registry.k8s.io/sig-storage/nfs-provisioner:v4.0.9")
	b.grow("off")
	b.turn("on", b.plan())
	watch := watchRegions(b, "database", "app.kubernetes.io/name in (pd, tikv)")
	b.pulumi("up --yes --skip-preview")
	for _, both := range watch() {
		b.t.Error(both)
	}
	for pod, namespace := range broken {
		for _, region := range regionNames {
			p := decode[corev1.Pod](b.t, b.kubectl(region, "-n", namespace, "get", "pod", pod, "-o", "json"))
			if image := p.Spec.Containers[0].Image; strings.HasSuffix(image, ":no-such-tag") || !ready(p) {
				b.t.Errorf("%s of %s runs %s, ready: %v", pod, region, image, ready(p))
			}
		}
	}
	settleClusters(b)
}

// untilInterrupted runs an update and sends it SIGINT, as Ctrl-C does, once a condition holds: the provider would wait
// for ten minutes.
func (b *bench) untilInterrupted(so func() bool) (out string, err error) {
	b.t.Helper()
	var text strings.Builder
	cmd := exec.Command(b.look("pulumi"), "up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive",
		"--color", "never", "--config-file", b.config)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = b.project, b.env, &text, &text
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.Now().Add(commandTimeout)
	for interrupted := false; ; {
		select {
		case err := <-ended:
			if !interrupted {
				b.t.Errorf("the update ended by itself")
			}
			return text.String(), err
		case <-time.After(time.Second):
		}
		switch {
		case time.Now().After(deadline):
			killTree(cmd.Process.Pid)
		case !interrupted && so():
			interrupted = true
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
	}
}
