package machines

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubelet"
	"geo-wordpress/localcloud/machines/nodes"
)

var _ nodes.Inventory = (*cluster)(nil)

// Adopt implements nodes.Inventory.
func (c *cluster) Adopt(pool cloud.NodePool, list []*corev1.Node) error {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	c.pools[pool.ID] = &pool
	for _, node := range list {
		if c.kubelets[node.Name] != nil {
			continue
		}
		m, err := nodes.Restore(pool, node)
		if err != nil {
			return err
		}
		c.kubelets[m.Name] = kubelet.New(c.shared, m)
		c.applyFailures(c.kubelets[m.Name], time.Now())
	}
	c.changed()
	return nil
}

// Reserve implements nodes.Inventory.
func (c *cluster) Reserve(pool cloud.NodePool, taken *nodes.Taken) (*nodes.Machine, error) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	for _, other := range c.sim.clusters { // clusters may share a subnetwork
		if other.info.Network == c.info.Network {
			for _, k := range other.kubelets {
				taken.Add(k.Machine)
			}
		}
	}
	m, err := taken.NewMachine(c.info, pool)
	if err != nil {
		return nil, err
	}
	c.kubelets[m.Name] = kubelet.New(c.shared, m)
	c.changed()
	return m, nil
}

// Pools implements nodes.Inventory.
func (c *cluster) Pools() (all []cloud.NodePool) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	for _, pool := range c.pools {
		all = append(all, *pool)
	}
	slices.SortFunc(all, func(a, b cloud.NodePool) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Machines implements nodes.Inventory.
func (c *cluster) Machines() (all []nodes.Machine) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	for _, k := range c.kubelets {
		all = append(all, *k.Machine)
	}
	slices.SortFunc(all, func(a, b nodes.Machine) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (c *cluster) members(poolID string) (names []string) {
	for name, k := range c.kubelets {
		if k.Machine.Pool == poolID {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Remove implements nodes.Inventory.
func (c *cluster) Remove(name string) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	c.remove(name)
}

func (c *cluster) remove(name string) {
	if k := c.kubelets[name]; k != nil {
		k.Kill()
		delete(c.kubelets, name)
		c.client.Log.Info("machine left", "node", name)
	}
	c.changed()
}

// RemovePool implements nodes.Inventory.
func (c *cluster) RemovePool(poolID string) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	for _, name := range c.members(poolID) {
		c.remove(name)
	}
	delete(c.pools, poolID)
	c.changed()
}

// ZoneLost implements nodes.Inventory.
func (c *cluster) ZoneLost(zone string) bool {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return c.sim.failures.Location(zone)
}

// Booted implements nodes.Inventory.
func (c *cluster) Booted(name string) bool {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	k := c.kubelets[name]
	if k == nil || k.Machine.Power != nodes.Booting {
		return false
	}
	k.Machine.Power = nodes.On
	k.Reboot(time.Now())
	c.changed()
	return true
}
