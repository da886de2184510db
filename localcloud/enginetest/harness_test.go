// Package enginetest drives the real Pulumi CLI and engine, with the real program, against its own local clouds. It
// needs the built tools: run `make tools` first, or `make engine`, which builds them.
package enginetest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
)

// commandTimeout bounds one command, so that a deadlock fails with the command's output and not with the test binary's
// stacks. It says nothing about how long a command should take.
const commandTimeout = 15 * time.Minute

// unanswered is the provider's error for an API server that does not answer.
const unanswered = "cluster is unreachable"

// leakedPort is an API server's error for a Service whose creation was cancelled after its node ports were allocated.
// leakRepairs is how long the API server takes to free the ports: its repair runs every three minutes, and must miss
// their Service three times (pkg/registry/core/service/portallocator/controller/repair.go in Kubernetes 1.33).
const (
	leakedPort  = "provided port is already allocated"
	leakRepairs = 9*time.Minute + 10*time.Second
)

// bench is a local cloud with a dev stack, for one test.
type bench struct {
	t       *testing.T
	root    string // of the repository
	project string // where the program's Pulumi.yaml is: the repository, or a directory that names the built program
	home    string // of the local cloud
	env     []string
	config  string          // the stack's config file, a copy of Pulumi.dev.yaml
	printed strings.Builder // all output of the engine's commands
	failure string          // the output of the engine's last command that failed
	added   []string        // the URNs that the features have added

	clients   map[string]kubernetes.Interface // by region
	clientsOf string                          // the kubeconfig that they are of
}

// newBench starts a local cloud in its own directory and creates the dev stack. A failed test saves the cloud's log in
// .enginetest: if printed, the log would bury the failure.
func newBench(t *testing.T) *bench {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("", "geo-") // short: a socket's path may have 108 characters
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, root: root, project: root, home: filepath.Join(home, "cloud"), env: os.Environ()}
	b.setenv("LOCALCLOUD_HOME", b.home)
	for _, tool := range []string{"pulumi", "pulumi-language-go", "localcloud"} {
		if _, err := os.Stat(b.tool(tool)); err != nil {
			t.Fatalf("%v\nrun `make tools` first", err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			log := filepath.Join(root, ".enginetest", strings.ReplaceAll(t.Name(), "/", "-")+".log")
			b.write(log, b.output(b.tool("localcloud"), "logs", "--lines=100000"))
			t.Logf("the local cloud's log is in %s", log)
		}
		b.output(b.tool("localcloud"), "reset", "--yes")
		_ = os.RemoveAll(home)
		if t.Failed() && b.failure != "" { // last, because only the end of a long output may be kept
			t.Logf("the last command of the engine that failed said:\n%s", diagnostics(b.failure))
		}
	})
	b.run(b.tool("localcloud"), "start")
	b.env = strings.Split(strings.Trim(b.run("sh", "-c", `eval "$(`+b.tool("localcloud")+` env)"; env -0`), "\x00"), "\x00")
	b.config = filepath.Join(home, "Pulumi.dev.yaml")
	b.write(b.config, b.read(filepath.Join(root, "Pulumi.dev.yaml")))
	b.run("pulumi", "stack", "select", "--create", "dev")
	return b
}

func (b *bench) tool(name string) string { return filepath.Join(b.root, ".bin", name) }

// pulumi runs the CLI on the dev stack, and fails the test if it fails. It returns standard output followed by standard
// error.
func (b *bench) pulumi(command string, args ...string) string {
	b.t.Helper()
	out, err := b.tryPulumi(command, args...)
	if err != nil {
		b.t.Fatalf("pulumi %s %s: %v\n%s", command, strings.Join(args, " "), err, tail(out, 200))
	}
	return out
}

// tryPulumi runs the CLI on the dev stack and returns standard output followed by standard error.
func (b *bench) tryPulumi(command string, args ...string) (string, error) {
	b.t.Helper()
	all := append(strings.Fields(command), "--stack", "dev", "--non-interactive", "--color", "never")
	switch strings.Fields(command)[0] {
	case "up", "preview", "refresh", "destroy":
		all = append(all, "--config-file", b.config)
	}
	out, errOut, err := b.exec("pulumi", append(all, args...)...)
	b.keep(out+errOut, err)
	return out + errOut, err
}

// keep records the output of a command of the engine.
func (b *bench) keep(out string, err error) {
	b.printed.WriteString(out)
	if err != nil {
		b.failure = out
	}
}

// outputOf runs a command of the CLI that prints data, and returns standard output alone.
func (b *bench) outputOf(command string, args ...string) string {
	b.t.Helper()
	out, errOut, err := b.exec("pulumi", append(append(strings.Fields(command), "--stack", "dev"), args...)...)
	if err != nil {
		b.t.Fatalf("pulumi %s: %v\n%s%s", command, err, out, errOut)
	}
	return out
}

// kubeconfig is the path of the clusters' kubeconfig, which writtenKubeconfig writes.
func (b *bench) kubeconfig() string { return filepath.Join(filepath.Dir(b.home), "kubeconfig") }

// writtenKubeconfig is the same path, with the kubeconfig there.
func (b *bench) writtenKubeconfig() string {
	b.t.Helper()
	path := b.kubeconfig()
	if _, err := os.Stat(path); err != nil {
		b.write(path, b.outputOf("stack output kubeconfig", "--show-secrets"))
	}
	return path
}

// kubectl runs kubectl in a region's context, and fails the test if it fails.
func (b *bench) kubectl(region string, args ...string) string {
	b.t.Helper()
	return b.run("kubectl", append([]string{"--kubeconfig", b.writtenKubeconfig(), "--context", region}, args...)...)
}

// tryKubectl runs kubectl in a region's context and ignores its failure. The kubeconfig must exist already.
func (b *bench) tryKubectl(region string, args ...string) string {
	return b.output("kubectl", append([]string{"--kubeconfig", b.kubeconfig(), "--context", region}, args...)...)
}

// rolledOut waits for the end of a workload's rollout.
func (b *bench) rolledOut(region, namespace, workload string) {
	b.t.Helper()
	b.kubectl(region, "-n", namespace, "rollout", "status", workload, "--timeout=5m")
}

// set sets a key in the stack's config file.
func (b *bench) set(key, value string) {
	b.t.Helper()
	b.run("pulumi", "config", "set", key, value, "--stack", "dev", "--config-file", b.config)
}

// run runs a command and fails the test if it fails. It returns standard output.
func (b *bench) run(name string, args ...string) string {
	b.t.Helper()
	out, errOut, err := b.exec(name, args...)
	if err != nil {
		b.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, tail(out, 200), tail(errOut, 200))
	}
	return out
}

// output runs a command and ignores its failure.
func (b *bench) output(name string, args ...string) string {
	out, errOut, _ := b.exec(name, args...)
	return out + errOut
}

func (b *bench) exec(name string, args ...string) (out, errOut string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	if !filepath.IsAbs(name) {
		name = b.look(name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = b.project, b.env
	cmd.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	err = cmd.Run()
	b.t.Logf("%.1fs %s %s", time.Since(started).Seconds(), filepath.Base(name), strings.Join(args, " "))
	return stdout.String(), stderr.String(), err
}

// look finds a program on the PATH of the bench's own environment.
func (b *bench) look(name string) string {
	for _, dir := range filepath.SplitList(b.getenv("PATH")) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	b.t.Fatalf("%s is not on the PATH %s", name, b.getenv("PATH"))
	return ""
}

func (b *bench) getenv(name string) string {
	for i := len(b.env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(b.env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

func (b *bench) setenv(name, value string) { b.env = append(b.env, name+"="+value) }

func (b *bench) read(path string) string {
	b.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

func (b *bench) write(path, text string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// decode reads JSON into a value.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not the JSON expected: %v\n%s", err, tail(text, 50))
	}
	return v
}

// diagnostics returns the errors and panics in the engine's output, each with a few following lines.
func diagnostics(out string) string {
	var kept []string
	follow := 0
	for line := range strings.SplitSeq(out, "\n") {
		if strings.Contains(line, "error:") || strings.Contains(line, "panic:") {
			follow = 6
		}
		if follow > 0 {
			kept = append(kept, line)
			follow--
		}
	}
	return tail(strings.Join(kept, "\n"), 60)
}

// tail returns the last n lines.
func tail(text string, n int) string {
	lines := strings.Split(text, "\n")
	if len(lines) > n {
		lines = append([]string{"..."}, lines[len(lines)-n:]...)
	}
	return strings.Join(lines, "\n")
}
