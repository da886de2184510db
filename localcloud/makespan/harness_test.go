package makespan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp"
	"geo-wordpress/localcloud/random"
	"geo-wordpress/localcloud/rpc"
)

// patience bounds one command. It says nothing about how long a command should take.
const patience = 15 * time.Minute

// bench runs the CLI on the hollow cloud.
type bench struct {
	t        *testing.T
	dir      string
	root     string // of the repository
	env      []string
	clock    *clock
	recorder *recorder
	running  atomic.Int64 // the CLI's process ID, or 0
}

func newBench(t *testing.T) *bench {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, dir: t.TempDir(), root: root}
	for _, tool := range []string{"pulumi", "pulumi-language-go", "geo-wordpress"} {
		if _, err := os.Stat(b.tool(tool)); err != nil {
			t.Fatalf("%v\nrun `make tools` first", err)
		}
	}
	b.clock = newClock(func() bool {
		pid := int(b.running.Load())
		return pid != 0 && atRest(pid)
	})
	b.recorder = &recorder{clock: b.clock}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		b.clock.run(ctx)
	}()

	machines := &hollow{pools: map[string]cloud.NodePool{}}
	api, err := gcp.Open(gcp.Options{Dir: filepath.Join(b.dir, "google"), ControlPlanes: machines, Machines: machines,
		Times: 1, Clock: b.clock})
	if err != nil {
		t.Fatal(err)
	}
	var attached []string
	var servers []*rpc.Server
	for name, provider := range map[string]cloud.Provider{
		"gcp":        api.Provider,
		"kubernetes": func() plugin.Provider { return &objects{clock: b.clock} },
		"random":     random.New,
	} {
		server, err := rpc.Listen(rpc.Options{Name: name, Provider: b.recorder.watch(provider)})
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, server)
		attached = append(attached, fmt.Sprintf("%s:%d", name, server.Port()))
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, server := range servers {
			_ = server.Close(ctx)
		}
		if err := api.Close(); err != nil {
			t.Error(err)
		}
		stop()
		<-stopped
	})
	state := filepath.Join(b.dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	b.env = append(os.Environ(),
		"PATH="+filepath.Join(root, ".bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"PULUMI_DEBUG_PROVIDERS="+strings.Join(attached, ","),
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true", "PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_HOME="+filepath.Join(b.dir, "home"), "PULUMI_BACKEND_URL=file://"+state+"?metadata=skip",
		"PULUMI_CONFIG_PASSPHRASE=local cloud only, not a secret",
		// Write the state only at the end, not after every step: that time grows with the square of the resources, and
		// says nothing about the graph.
		"PULUMI_SKIP_CHECKPOINTS=true",
	)
	return b
}

func (b *bench) tool(name string) string { return filepath.Join(b.root, ".bin", name) }

// project is a Pulumi project with one stack.
type project struct {
	*bench
	dir, config, stack string
}

// system makes a project of the repository's program, with a number of regions.
func (b *bench) system(regions int) *project {
	b.t.Helper()
	p := &project{bench: b, dir: filepath.Join(b.dir, fmt.Sprintf("program-%d", regions)), stack: fmt.Sprintf("of%d", regions)}
	text := b.read(filepath.Join(b.root, "Pulumi.yaml"))
	p.write("Pulumi.yaml", regexp.MustCompile(`(?m)^(\s+)buildTarget: .*$`).
		ReplaceAllString(text, "${1}binary: "+b.tool("geo-wordpress")))
	names := []string{"europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-west8",
		"europe-west9", "europe-north1", "europe-central2"}
	var list []string
	for _, name := range names[:regions] {
		list = append(list, fmt.Sprintf("    - name: %s\n      zone: %s-b\n", name, name))
	}
	config := b.read(filepath.Join(b.root, "Pulumi.dev.yaml"))
	config = regexp.MustCompile(`(?m)^(  geo-wordpress:regions:\n)(    .*\n)+`).
		ReplaceAllString(config, "${1}"+strings.Join(list, ""))
	p.config = p.write("Pulumi."+p.stack+".yaml", config)
	p.run("stack", "init", p.stack)
	return p
}

// plain makes a project of the program in plain, with a number of resources.
func (b *bench) plain(resources int) *project {
	b.t.Helper()
	p := &project{bench: b, dir: filepath.Join(b.dir, fmt.Sprintf("plain-%d", resources)), stack: "plain"}
	binary := filepath.Join(b.dir, "plain")
	if _, err := os.Stat(binary); errors.Is(err, os.ErrNotExist) {
		build := exec.Command("go", "build", "-o", binary, "./plain")
		if out, err := build.CombinedOutput(); err != nil {
			b.t.Fatalf("go build: %v\n%s", err, out)
		}
	}
	p.write("Pulumi.yaml", fmt.Sprintf("name: plain-%d\nruntime:\n  name: go\n  options:\n    binary: %s\n", resources, binary))
	p.config = p.write("Pulumi.plain.yaml", fmt.Sprintf("config:\n  plain-%d:count: \"%d\"\n", resources, resources))
	p.run("stack", "init", p.stack)
	return p
}

func (p *project) write(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (b *bench) read(path string) string {
	b.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// operate runs an operation of the engine, and returns its duration on the virtual clock and on the real one.
func (p *project) operate(arguments ...string) (takes, engine time.Duration) {
	p.t.Helper()
	p.recorder.forget()
	began, started := p.clock.Now(), time.Now()
	p.run(append(arguments, "--non-interactive", "--config-file", p.config, "--stack", p.stack)...)
	return max(p.recorder.last-began, 0), time.Since(started)
}

// graph returns the stack's current resources.
func (p *project) graph() graph {
	p.t.Helper()
	var state struct{ Deployment struct{ Resources graph } }
	if err := json.Unmarshal([]byte(p.run("stack", "export", "--stack", p.stack)), &state); err != nil {
		p.t.Fatal(err)
	}
	return state.Deployment.Resources
}

// run runs the CLI, and fails the test if it fails.
func (p *project) run(arguments ...string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.tool("pulumi"), append(arguments, "--color", "never")...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = p.dir, p.env, 10*time.Second
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Start()
	if err == nil {
		p.running.Store(int64(cmd.Process.Pid))
		err = cmd.Wait()
		p.running.Store(0)
	}
	if err != nil {
		p.t.Fatalf("pulumi %s: %v\n%.6000s%s", strings.Join(arguments, " "), err, out.String(), problems.String())
	}
	return out.String()
}
