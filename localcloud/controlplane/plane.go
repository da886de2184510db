package controlplane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"geo-wordpress/localcloud/endpoint"
)

const (
	// startTimeout bounds the start of a control plane. A start takes four seconds on two idle cores; three at once
	// while a compiler runs may take a minute.
	startTimeout = 3 * time.Minute
	// maxDeaths of a component during its control plane's start make the start fail.
	maxDeaths = 3
)

// plane is one cluster's control plane.
type plane struct {
	dir      string
	settings settings
	endpoint *endpoint.Endpoint
	log      *slog.Logger

	starting sync.Mutex // held while it is started, stopped or removed
	removed  bool

	mutex      sync.Mutex
	failed     bool         // by Fail: it stays down until Heal
	components []*component // in start order; empty while it is down
}

// ensure starts the control plane unless it runs, and waits until it answers.
func (p *plane) ensure(ctx context.Context) error {
	p.starting.Lock()
	defer p.starting.Unlock()
	if p.removed {
		return fmt.Errorf("cluster %s has been deleted meanwhile", p.settings.Cluster.ID)
	}
	if p.isFailed() {
		return fmt.Errorf("control plane of %s: %w", p.settings.Cluster.ID, errFailed)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	client, err := p.client()
	if err != nil {
		return err
	}
	fresh := len(p.running()) == 0
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	began := time.Now()
	if fresh {
		p.log.Info("starting control plane", "endpoint", p.settings.endpoint())
		p.start(Etcd, etcdArguments())
		p.start(APIServer, apiServerArguments(p.settings.Cluster, p.settings.ServerPort))
	}
	err = p.wait(ctx, "API server", func(ctx context.Context) error {
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
	if err == nil && fresh {
		p.start(ControllerManager, controllerManagerArguments(p.settings.Cluster))
		p.start(Scheduler, schedulerArguments())
	}
	if err == nil {
		err = p.wait(ctx, "control plane", p.allRun)
	}
	if err == nil {
		// Pods can be created once the namespace has its default service account.
		err = p.wait(ctx, "controller manager", func(ctx context.Context) error {
			_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
			return err
		})
	}
	if err == nil {
		err = p.endpoint.Open()
	}
	if err != nil {
		if fresh {
			p.halt(0)
		}
		return fmt.Errorf("control plane of %s: %w", p.settings.Cluster.ID, err)
	}
	if fresh {
		p.log.Info("control plane is ready", "endpoint", p.settings.endpoint(), "seconds", time.Since(began).Seconds())
	}
	return nil
}

// allRun returns an error that names a component that does not run.
func (p *plane) allRun(context.Context) error {
	for _, c := range p.running() {
		if status := c.status(); status.PID == 0 {
			return fmt.Errorf("%s is not running: %s", c.name, status.LastExit)
		}
	}
	return nil
}

func (p *plane) start(name string, arguments []string) {
	c := startComponent(name, arguments, environment(), p.dir, p.log)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.components = append(p.components, c)
}

func (p *plane) running() []*component {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.components
}

// halt stops the components in reverse start order, each within the grace period. The endpoint refuses connections from
// then on, unless it already drops packets.
func (p *plane) halt(grace time.Duration) {
	if !p.isFailed() {
		p.endpoint.Close()
	}
	components := p.running()
	for i := len(components) - 1; i >= 0; i-- {
		components[i].stop(grace)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.components = nil
}

// remove stops the control plane and deletes its state.
func (p *plane) remove() error {
	p.starting.Lock()
	defer p.starting.Unlock()
	p.halt(0) // no grace: their last writes are removed anyway
	p.endpoint.Close()
	p.removed = true
	return removeAll(p.dir)
}

// wait polls until ask succeeds. It fails early if a component keeps dying.
func (p *plane) wait(ctx context.Context, what string, ask func(context.Context) error) error {
	deaths := map[string]int{}
	for _, c := range p.running() {
		deaths[c.name] = c.status().Restarts
	}
	for {
		attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := ask(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if apierrors.IsUnauthorized(err) {
			return fmt.Errorf("%s refuses the administrator, so another server listens on port %d: %w", what, p.settings.ServerPort, err)
		}
		for _, c := range p.running() {
			if status := c.status(); status.Restarts-deaths[c.name] >= maxDeaths {
				return fmt.Errorf("%s does not start: %s; %w", c.name, status.LastExit, c.logEnd())
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s does not answer: %w", what, err), context.Cause(ctx), p.logEnds())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *plane) logEnds() error {
	var all []error
	for _, c := range p.running() {
		all = append(all, c.logEnd())
	}
	return errors.Join(all...)
}

func (p *plane) client() (*kubernetes.Clientset, error) {
	config, err := p.config()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

// environment is the part of the daemon's environment that a component needs, without Pulumi's or personal variables.
func environment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch name {
		case "PATH", "HOME", "TMPDIR", "LANG", "TZ", "GOMAXPROCS", "GODEBUG", "GORACE", "GOCOVERDIR":
			kept = append(kept, variable)
		}
	}
	return append(kept, "GOGC=200") // CPU is scarcer here than memory
}
