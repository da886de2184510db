package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/ports"
	"geo-wordpress/localcloud/rpc"
	"geo-wordpress/times"
)

// drainTimeout bounds the engine's calls in progress when the daemon stops.
const drainTimeout = 5 * time.Second

// Options configure a daemon.
type Options struct {
	Home home.Home
	Log  *slog.Logger
	// Assemble builds the infrastructure; nil builds the one that replaces Google Cloud.
	Assemble Assemble
	// Faults injects faults; nil injects none until a client sends a plan.
	Faults *faults.Injector
	// Times scales the durations of operations and machines from those on Google; 0 keeps them as short as possible.
	Times times.Scale
	// RealWordPress is the path of the program that runs the real WordPress; empty if the simulated one answers.
	RealWordPress string
	// Ready, if set, is called once the daemon serves. problem is why parts of the cloud did not resume, if any.
	Ready func(problem error)
}

// daemon runs the local cloud on one home.
type daemon struct {
	options Options
	log     *slog.Logger
	started time.Time
	build   string
	stop    context.CancelFunc

	planes         *controlplane.Manager
	infrastructure Infrastructure
	servers        []*rpc.Server
	control        *http.Server

	failures failures

	problem error // why parts of the cloud did not resume; set before anything is served
}

// Run runs the local cloud until the context is done or a client asks it to stop, and then shuts it down in order. It
// fails with home.ErrLocked if another daemon runs on the home.
func Run(ctx context.Context, o Options) (err error) {
	if o.Faults == nil {
		o.Faults = &faults.Injector{}
	}
	if o.Assemble == nil {
		o.Assemble = o.assemble
	}
	if err := o.Home.Make(); err != nil {
		return err
	}
	lock, err := o.Home.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	_ = os.Remove(o.Home.Record()) // left by a killed daemon

	if err := home.WriteJSON(o.Home.Settings(), Settings{RealWordPress: o.RealWordPress != ""}); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := &daemon{options: o, log: o.Log, started: time.Now(), build: Build(), stop: cancel}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.open(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // stopped during its start
		}
		return err
	}
	d.log.Info("the local cloud is ready")
	if o.Ready != nil {
		o.Ready(d.problem)
	}
	<-ctx.Done()
	d.log.Info("the local cloud is stopping")
	return nil
}

func (d *daemon) open(ctx context.Context) error {
	h := d.options.Home
	if err := linkPrograms(h); err != nil {
		return fmt.Errorf("cannot link kubectl and the credential plugin: %w", err)
	}
	var err error
	if d.planes, err = controlplane.Open(controlplane.Options{Dir: h.Clusters(), Log: d.log, Faults: d.options.Faults}); err != nil {
		return fmt.Errorf("control planes: %w", err)
	}
	if err := d.failures.load(h.Failures()); err != nil {
		return err
	}
	if d.infrastructure, err = d.options.Assemble(h, controlPlanes{d.planes, &d.failures}, d.log); err != nil {
		return err
	}
	d.infrastructure.SetFailures(d.failures.get())
	if err := d.infrastructure.Resume(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		// Serve what can be served: above all, a destroy must work on a broken cloud.
		d.problem = fmt.Errorf("a part of the cloud could not be restarted: %w", err)
		d.log.Error(d.problem.Error())
	}
	if err := d.failAgain(); err != nil {
		return err
	}
	return d.serve()
}

// serve opens the provider servers and the control server, and records their addresses.
func (d *daemon) serve() error {
	h := d.options.Home
	remembered := map[string]int{} // the ports of the daemon before
	_ = readJSON(h.Ports(), &remembered, "")
	record := Record{PID: os.Getpid(), Started: d.started, Version: Version(), Build: d.build, Providers: map[string]int{}}

	for name, provider := range d.infrastructure.Providers() {
		// Reuse the last port if it is free, so that the environment of a stack's shell survives a restart.
		port := remembered[name]
		if port == 0 || !ports.Available(port) {
			var err error
			if port, err = ports.Free(); err != nil {
				return err
			}
		}
		server, err := rpc.Listen(rpc.Options{Name: name, Port: port, Provider: provider, Log: d.log})
		if err != nil {
			return err
		}
		d.servers = append(d.servers, server)
		record.Providers[name] = server.Port()
	}
	if err := d.listenForControl(&record); err != nil {
		return err
	}
	return errors.Join(home.WriteJSON(h.Ports(), record.Providers), home.WriteJSON(h.Record(), record))
}

// close stops everything, dependents first.
func (d *daemon) close() error {
	_ = os.Remove(d.options.Home.Record())
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	var group wait.Group
	for _, server := range d.servers {
		group.Start(func() {
			if err := server.Close(ctx); err != nil {
				d.log.Warn("cannot close a provider server", "error", err)
			}
		})
	}
	group.Wait()
	var problems []error
	if d.infrastructure != nil {
		problems = append(problems, d.infrastructure.Close())
	}
	if d.planes != nil {
		problems = append(problems, d.planes.Close())
	}
	if d.control != nil {
		_ = d.control.Close()
	}
	return errors.Join(problems...)
}

// linkPrograms links the other programs that this binary contains into the home's bin directory, which `localcloud env`
// puts on a shell's PATH, and puts that directory on the daemon's own PATH.
func linkPrograms(h home.Home) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range []string{"gke-gcloud-auth-plugin", "kubectl"} {
		link := filepath.Join(h.Bin(), name)
		if target, err := os.Readlink(link); err == nil && target == executable {
			continue
		}
		if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.Symlink(executable, link); err != nil {
			return err
		}
	}
	return errors.Join(
		os.Setenv("PATH", h.Bin()+string(os.PathListSeparator)+os.Getenv("PATH")),
		os.Setenv(home.Env, h.Dir()),
	)
}
