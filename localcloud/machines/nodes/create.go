package nodes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"geo-wordpress/localcloud/cloud"
)

// readyTimeout is the timeout for a registered node to become Ready.
const readyTimeout = 2 * time.Minute

// create adds machines and registers their nodes.
func (p *Pools) create(ctx context.Context, pool cloud.NodePool, count int) ([]string, error) {
	if p.inventory.ZoneLost(pool.Zone) {
		return nil, fmt.Errorf("no machine can be made in zone %s, which is lost: `localcloud heal` brings it back", pool.Zone)
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(p.pace.Of(bootTime)):
	}
	var names []string
	for range count {
		m, err := p.reserve(ctx, pool)
		if err != nil {
			return nil, err
		}
		object, err := nodeObject(p.client.Info, pool, m)
		if err != nil {
			return nil, err
		}
		node, err := p.client.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{})
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", m.Name, err)
		}
		if err := p.ensureObjects(ctx, node); err != nil {
			return nil, err
		}
		if err := p.installNodeAgents(ctx, node); err != nil {
			return nil, err
		}
		p.client.Log.Info("machine joined", "pool", pool.Name, "node", m.Name, "type", pool.MachineType, "address", m.IP)
		names = append(names, m.Name)
	}
	return names, nil
}

// reserve allocates a name and addresses for a machine. Nodes whose pools are not running yet keep their addresses.
func (p *Pools) reserve(ctx context.Context, pool cloud.NodePool) (*Machine, error) {
	list, err := p.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	taken := &Taken{}
	for i := range list.Items {
		if m, err := Restore(pool, &list.Items[i]); err == nil {
			taken.Add(m)
		}
	}
	return p.inventory.Reserve(pool, taken)
}

// waitReady waits until the control plane shows every node that is not lost as Ready.
func (p *Pools) waitReady(ctx context.Context, names []string) error {
	var waiting []string
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, readyTimeout, true, func(context.Context) (bool, error) {
		waiting = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			node, err := p.client.Nodes.Get(name)
			return err == nil && Ready(node) || p.machine(name).Power == Off // a lost machine comes back when the failure is healed
		})
		return len(waiting) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("nodes %s are not Ready: %w", strings.Join(waiting, ", "), err)
	}
	return nil
}
