package nodes

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubeclient"
	"geo-wordpress/localcloud/machines/software"
)

// deletionTimeout is the drain timeout of a pool that is being deleted: its pods have nowhere to go.
const deletionTimeout = 5 * time.Second

// Inventory records a cluster's machines. It is safe for concurrent use: it takes the simulator's lock.
type Inventory interface {
	// Adopt records a pool, and the machines of its nodes that it does not know yet.
	Adopt(pool cloud.NodePool, nodes []*corev1.Node) error
	// Reserve records a new machine of a pool, with addresses that neither taken nor the inventory contains.
	Reserve(pool cloud.NodePool, taken *Taken) (*Machine, error)
	// Pools returns the pools, ordered by ID.
	Pools() []cloud.NodePool
	// Machines returns copies of the machines, ordered by name.
	Machines() []Machine
	// Remove forgets a machine and kills its pods; RemovePool forgets a pool with its machines.
	Remove(name string)
	RemovePool(poolID string)
	// ZoneLost says whether no machine can be made in a zone.
	ZoneLost(zone string) bool
	// Booted records that a machine that boots is on, and restarts its pods. It returns false if it does not boot.
	Booted(name string) bool
}

// Pools manages the node pools of a cluster.
type Pools struct {
	client       *kubeclient.Client
	inventory    Inventory
	pace         software.Pace
	drainTimeout time.Duration
	boots        *kubeclient.Queue // machines that have power again, by name
	locks        sync.Map          // serialize the changes of each pool, by its ID
}

// NewPools creates a manager. drainTimeout is how long disruption budgets may delay the replacement of a machine.
func NewPools(client *kubeclient.Client, inventory Inventory, pace software.Pace, drainTimeout time.Duration) *Pools {
	p := &Pools{client: client, inventory: inventory, pace: pace, drainTimeout: drainTimeout}
	p.boots = client.NewQueue("boot", p.boot)
	return p
}

// machine returns a machine as it is now; the zero Machine is one that nothing knows.
func (p *Pools) machine(name string) Machine {
	for _, m := range p.inventory.Machines() {
		if m.Name == name {
			return m
		}
	}
	return Machine{}
}

// Run sends heartbeats and runs the cluster autoscaler until the client stops.
func (p *Pools) Run() {
	p.client.Go(p.heartbeats)
	p.client.Go(p.autoscale)
}

// lock serializes changes of one pool.
func (p *Pools) lock(id string) (unlock func()) {
	lock, _ := p.locks.LoadOrStore(id, &sync.Mutex{})
	mutex := lock.(*sync.Mutex)
	mutex.Lock()
	return mutex.Unlock
}

// Ensure makes a pool's machines match pool, and returns when every node is Ready. Machines of another type, zone, boot
// disk or template are replaced one at a time: a new one joins, then an old one is drained and leaves.
func (p *Pools) Ensure(ctx context.Context, pool cloud.NodePool) error {
	if _, err := googlecloud.LookupMachineType(pool.MachineType); err != nil {
		return fmt.Errorf("node pool %s: machine type %q: %w", pool.Name, pool.MachineType, err)
	}
	defer p.lock(pool.ID)()
	if err := p.ensure(ctx, pool); err != nil {
		return fmt.Errorf("node pool %s of cluster %s: %w", pool.Name, p.client.Info.Name, err)
	}
	return nil
}

// Delete drains and removes the machines of a pool. Machines belong to Compute Engine: they are removed even if the
// cluster's API server does not answer.
func (p *Pools) Delete(ctx context.Context, poolID string) error {
	defer p.lock(poolID)()
	var wait sync.WaitGroup
	for _, m := range p.inventory.Machines() {
		if m.Pool != poolID {
			continue
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			if err := p.retire(ctx, m.Name, deletionTimeout); err != nil {
				p.client.Log.Warn("machine removed, but its node is still in the cluster", "node", m.Name, "error", err)
			}
		}()
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("node pool %s: %w", poolID, err)
	}
	p.inventory.RemovePool(poolID)
	return nil
}
