package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/ports"
	"geo-wordpress/localcloud/rpc"
	"geo-wordpress/localcloud/times"
)

// drain is how long the engine's calls may go on when the daemon is to stop.
const drain = 5 * time.Second

// Options of a daemon.
type Options struct {
	Home home.Home
	Log  *slog.Logger
	// Assemble makes what the daemon runs; nil makes the local cloud.
	Assemble Assemble
	// Faults are what goes wrong; nil is nothing, until a client asks for some.
	Faults *faults.Injector
	// Times is how long things take, as a share of what they take on Google; 0 is no longer than need be.
	Times times.Scale
	// RealWordPress is the path of the program that runs the real WordPress; empty if the simulated one answers.
	RealWordPress string
	// Ready, if set, is called once the daemon serves, with what is wrong all the same, if anything.
	Ready func(problem error)
}

// daemon is what runs on one home.
type daemon struct {
	options Options
	log     *slog.Logger
	started time.Time
	build   string
	stop    context.CancelFunc

	planes  *controlplane.Manager
	system  System
	servers []*rpc.Server
	control *http.Server

	failures failures

	problem error // that kept it from resuming all of the cloud; set before anything is served
}

// Run runs the local cloud until the context is done or a client asks it to stop, and then stops it in order. It fails
// with home.ErrLocked when one runs on the home already.
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
	_ = os.Remove(o.Home.Record()) // of one that was killed

	if err := writeJSON(o.Home.Choices(), Choices{RealWordPress: o.RealWordPress != ""}); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := &daemon{options: o, log: o.Log, started: time.Now(), build: Build(), stop: cancel}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.open(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // It was told to stop while it started.
		}
		return err
	}
	d.log.Info("the local cloud is ready")
	if o.Ready != nil {
		o.Ready(d.problem)
	}
	<-ctx.Done()
	d.log.Info("the local cloud stops")
	return nil
}

func (d *daemon) open(ctx context.Context) error {
	h := d.options.Home
	if err := linkPrograms(h); err != nil {
		return fmt.Errorf("programs: %w", err)
	}
	var err error
	if d.planes, err = controlplane.Open(controlplane.Options{Dir: h.Clusters(), Log: d.log, Faults: d.options.Faults}); err != nil {
		return fmt.Errorf("control planes: %w", err)
	}
	if d.system, err = d.options.Assemble(h, d.planes, d.log); err != nil {
		return err
	}
	if err := d.failures.load(h.Failures()); err != nil {
		return err
	}
	if system, ok := d.system.(losing); ok {
		system.SetFailures(d.failures.get())
	}
	if err := d.system.Resume(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		// What can be served is: a destroy, above all, must work on a cloud that is broken.
		d.log.Error("not all of the cloud could be started again", "error", err)
		d.problem = fmt.Errorf("not all of the cloud could be started again: %w", err)
	}
	if err := d.loseAgain(); err != nil {
		return err
	}
	return d.serve()
}

// serve opens the provider servers and the control server, and records where they are.
func (d *daemon) serve() error {
	h := d.options.Home
	remembered := readPorts(h)
	record := Record{PID: os.Getpid(), Started: d.started, Version: Version(), Build: d.build, Providers: map[string]int{}}

	providers := d.system.Providers()
	var names []string
	for name := range providers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		// A stack's shell keeps working over a restart as long as the port is still to be had.
		port := remembered[name]
		if port == 0 || !ports.Available(port) {
			var err error
			if port, err = ports.Free(); err != nil {
				return err
			}
		}
		server, err := rpc.Listen(rpc.Options{Name: name, Port: port, Provider: providers[name], Log: d.log})
		if err != nil {
			return err
		}
		d.servers = append(d.servers, server)
		record.Providers[name] = server.Port()
	}
	if err := d.listenForControl(&record); err != nil {
		return err
	}
	return errors.Join(writeJSON(h.Ports(), record.Providers), writeJSON(h.Record(), record))
}

// close stops everything, what depends on other things first.
func (d *daemon) close() error {
	_ = os.Remove(d.options.Home.Record())
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	var wait sync.WaitGroup
	for _, server := range d.servers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if err := server.Close(ctx); err != nil {
				d.log.Warn("stop", "error", err)
			}
		}()
	}
	wait.Wait()
	var failures []error
	if d.system != nil {
		failures = append(failures, d.system.Close())
	}
	if d.planes != nil {
		failures = append(failures, d.planes.Close())
	}
	if d.control != nil {
		_ = d.control.Close()
	}
	return errors.Join(failures...)
}

// readPorts returns the ports that the daemon before had; what is not readable is as good as none.
func readPorts(h home.Home) map[string]int {
	remembered := map[string]int{}
	if content, err := os.ReadFile(h.Ports()); err == nil {
		_ = json.Unmarshal(content, &remembered)
	}
	return remembered
}

// linkPrograms puts the programs that this one can also be where a shell finds them, and the daemon itself does.
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
