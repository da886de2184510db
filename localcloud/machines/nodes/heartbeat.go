package nodes

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	leaseSeconds  = 40
	renewInterval = 10 * time.Second
	// statusInterval is how often an unchanged node status is reported.
	statusInterval = 5 * time.Minute
)

// heartbeats renews the leases of the cluster's machines.
func (p *Pools) heartbeats(ctx context.Context) {
	lastStatus, failing := time.Now(), false
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(renewInterval):
		}
		full := time.Since(lastStatus) >= statusInterval
		if full {
			lastStatus = time.Now()
		}
		var problem error
		for _, m := range p.inventory.Machines() {
			if m.Power != On {
				continue
			}
			if err := p.beat(ctx, m.Name, full); err != nil {
				problem = err
			}
		}
		if (problem != nil) != failing && ctx.Err() == nil {
			failing = problem != nil
			level := slog.LevelInfo
			if failing {
				level = slog.LevelWarn
			}
			p.client.Log.Log(ctx, level, "heartbeats", "error", problem)
		}
	}
}

// beat renews a node's lease and, if full or if the node is not Ready, its conditions.
func (p *Pools) beat(ctx context.Context, name string, full bool) error {
	if err := p.renew(ctx, name); err != nil {
		return err
	}
	node, err := p.client.Nodes.Get(name)
	if err != nil {
		return nil // not in the cache yet, or just deleted
	}
	if full || !Ready(node) {
		return p.client.PatchNodeStatus(ctx, name, map[string]any{"conditions": refreshed(node.Status.Conditions)})
	}
	return nil
}

// renew renews a node's lease.
func (p *Pools) renew(ctx context.Context, name string) error {
	patch := fmt.Sprintf(`{"spec":{"holderIdentity":%q,"renewTime":%q}}`, name, time.Now().UTC().Format(metav1.RFC3339Micro))
	_, err := p.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("lease of node %s: %w", name, err)
	}
	return nil
}
