package machines

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
)

const (
	// nodeBoot is how long a machine takes from its creation to its kubelet's registration.
	nodeBoot = 10 * time.Second
	// nodePatience is the timeout for a registered node to become Ready.
	nodePatience = 2 * time.Minute
	// deletionDrain is the drain timeout of a pool that is being deleted: its pods have nowhere to go.
	deletionDrain = 5 * time.Second
)

// EnsureNodePool makes the pool's machines match p, and returns when every node is Ready. Machines of another type,
// zone, boot disk or template are replaced one at a time: a new one joins, then an old one is drained and leaves.
func (s *Simulator) EnsureNodePool(ctx context.Context, p cloud.NodePool) error {
	if _, err := googlecloud.LookupMachineType(p.MachineType); err != nil {
		return fmt.Errorf("node pool %s: machine type %q: %w", p.Name, p.MachineType, err)
	}
	s.mu.Lock()
	c := s.clusters[p.Cluster]
	s.mu.Unlock()
	if c == nil {
		return fmt.Errorf("node pool %s: the machines do not know cluster %s: add it first", p.Name, p.Cluster)
	}
	defer c.lockPool(p.ID)()
	if err := c.ensurePool(ctx, p); err != nil {
		return fmt.Errorf("node pool %s of cluster %s: %w", p.Name, c.info.Name, err)
	}
	return nil
}

// lockPool serializes changes of one pool.
func (c *cluster) lockPool(id string) (unlock func()) {
	lock, _ := c.poolLocks.LoadOrStore(id, &sync.Mutex{})
	mutex := lock.(*sync.Mutex)
	mutex.Lock()
	return mutex.Unlock
}

func (c *cluster) ensurePool(ctx context.Context, p cloud.NodePool) error {
	nodes, err := c.poolNodes(ctx, p)
	if err != nil {
		return err
	}
	c.sim.mu.Lock()
	c.pools[p.ID] = &p
	for _, node := range nodes {
		if c.machines[node.Name] == nil {
			m, err := newMachine(p, node)
			if err != nil {
				c.sim.mu.Unlock()
				return err
			}
			c.machines[node.Name] = m
			c.applyFailures(m, time.Now())
		}
	}
	c.changed.Store(true)
	c.sim.mu.Unlock()
	for _, node := range nodes {
		if c.lost(node.Name) {
			continue
		}
		if err := c.revive(ctx, p, node); err != nil {
			return err
		}
	}
	var current, old []*corev1.Node
	for _, node := range nodes {
		if outdated(p, node) {
			old = append(old, node)
		} else {
			current = append(current, node)
		}
	}
	// A surge upgrade: never fewer machines than asked for, and one more at most.
	for len(old) > 0 && len(current) < p.Count {
		name, err := c.create(ctx, p, 1)
		if err != nil {
			return err
		}
		if err := c.waitReady(ctx, name); err != nil {
			return err
		}
		current = append(current, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name[0]}})
		if err := c.retire(ctx, old[0].Name, c.sim.drainTimeout); err != nil {
			return err
		}
		old = old[1:]
	}
	for _, node := range old {
		if err := c.retire(ctx, node.Name, c.sim.drainTimeout); err != nil {
			return err
		}
	}
	var names []string
	for _, node := range current {
		names = append(names, node.Name)
	}
	if missing := p.Count - len(names); missing > 0 {
		made, err := c.create(ctx, p, missing)
		if err != nil {
			return err
		}
		names = append(names, made...)
	}
	for len(names) > p.Count { // the youngest go first
		last := names[len(names)-1]
		if err := c.retire(ctx, last, c.sim.drainTimeout); err != nil {
			return err
		}
		names = names[:len(names)-1]
	}
	if err := c.waitReady(ctx, names); err != nil {
		return err
	}
	if len(names) == 0 {
		return nil
	}
	return c.installClusterAgents(ctx)
}

// poolNodes lists a pool's nodes, the oldest first.
func (c *cluster) poolNodes(ctx context.Context, p cloud.NodePool) ([]*corev1.Node, error) {
	list, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: labels.Set{labelPool: p.Name}.String()})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	var nodes []*corev1.Node
	for i := range list.Items {
		nodes = append(nodes, &list.Items[i])
	}
	slices.SortFunc(nodes, func(a, b *corev1.Node) int {
		if d := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return nodes, nil
}

// outdated says whether a machine must be replaced to match the pool.
func outdated(p cloud.NodePool, node *corev1.Node) bool {
	return node.Labels[corev1.LabelInstanceTypeStable] != p.MachineType ||
		node.Labels[corev1.LabelTopologyZone] != p.Zone ||
		node.Annotations[annotationDisk] != strconv.Itoa(p.DiskSizeGB) ||
		cmp.Or(node.Annotations[annotationMade], p.Template) != p.Template
}

// revive updates the node of a machine that continues: its heartbeat, labels and taints.
func (c *cluster) revive(ctx context.Context, p cloud.NodePool, node *corev1.Node) error {
	if err := c.belongings(ctx, node, node.Labels[corev1.LabelTopologyZone]); err != nil {
		return err
	}
	if err := c.beat(ctx, node.Name, true); err != nil {
		return err
	}
	if err := c.installNodeAgents(ctx, node); err != nil {
		return err
	}
	if outdated(p, node) {
		return nil
	}
	want := nodeLabels(p, node.Name)
	changed := false
	for key, value := range want {
		changed = changed || node.Labels[key] != value
	}
	taints := slices.Clone(p.Taints)
	for _, taint := range node.Spec.Taints {
		// Keep the control plane's taints, including a cordon's.
		if strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
			taints = append(taints, taint)
		}
	}
	changed = changed || !slices.EqualFunc(taints, node.Spec.Taints, func(a, b corev1.Taint) bool { return a.MatchTaint(&b) && a.Value == b.Value })
	if !changed {
		return nil
	}
	updated := node.DeepCopy()
	maps.Copy(updated.Labels, want)
	updated.Spec.Taints = taints
	_, err := c.client.CoreV1().Nodes().Update(ctx, updated, metav1.UpdateOptions{})
	return err
}

// create adds machines and registers their nodes.
func (c *cluster) create(ctx context.Context, p cloud.NodePool, count int) ([]string, error) {
	c.sim.mu.Lock()
	lost := c.sim.failures.Location(p.Zone)
	c.sim.mu.Unlock()
	if lost {
		return nil, fmt.Errorf("no machine can be made in zone %s, which is lost: `localcloud heal` brings it back", p.Zone)
	}
	if err := sleep(ctx, c.sim.pace.Of(nodeBoot)); err != nil {
		return nil, err
	}
	var names []string
	for range count {
		m, err := c.reserve(ctx, p)
		if err != nil {
			return nil, err
		}
		object, err := nodeObject(c.info, p, m.name, m.ip, m.podCIDR)
		if err != nil {
			return nil, err
		}
		node, err := c.register(ctx, object, p.Zone)
		if err != nil {
			return nil, err
		}
		if err := c.installNodeAgents(ctx, node); err != nil {
			return nil, err
		}
		c.sim.log.Info("machine joined", "cluster", c.info.Name, "pool", p.Name, "node", m.name, "type", p.MachineType, "address", m.ip)
		names = append(names, m.name)
	}
	return names, nil
}

// reserve allocates a name and addresses for a machine. Nodes whose pools are not running yet keep their addresses.
func (c *cluster) reserve(ctx context.Context, p cloud.NodePool) (*machine, error) {
	list, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	ips, ranges := map[addr]bool{}, map[netip.Prefix]bool{}
	for i := range list.Items {
		if m, err := newMachine(p, &list.Items[i]); err == nil {
			ips[m.ip], ranges[m.podCIDR] = true, true
		}
	}
	for _, other := range c.sim.clusters { // clusters may share a subnetwork
		if other.info.Network != c.info.Network {
			continue
		}
		for _, m := range other.machines {
			ips[m.ip], ranges[m.podCIDR] = true, true
		}
	}
	m := &machine{name: nodeName(c.info, p), pool: p.ID, zone: p.Zone, images: map[string]time.Time{}}
	if m.ip, err = nodeAddress(c.info, ips); err != nil {
		return nil, err
	}
	if m.podCIDR, err = nodePodRange(c.info, ranges); err != nil {
		return nil, err
	}
	c.machines[m.name] = m
	c.changed.Store(true)
	return m, nil
}

// waitReady waits until the control plane shows every node that is not lost as Ready.
func (c *cluster) waitReady(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, nodePatience)
	defer cancel()
	for {
		var waiting []string
		for _, name := range names {
			if c.lost(name) {
				continue // it comes back when the failure is healed
			}
			if node, err := c.nodeLister.Get(name); err != nil || !nodeReady(node) {
				waiting = append(waiting, name)
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("nodes %s are not Ready: %w", strings.Join(waiting, ", "), err)
		}
	}
}

// DeleteNodePool drains and removes the pool's machines. A pool that does not exist is no error. Machines belong to
// Compute Engine: they are removed even if the cluster's API server does not answer.
func (s *Simulator) DeleteNodePool(ctx context.Context, poolID string) error {
	s.mu.Lock()
	var c *cluster
	for _, candidate := range s.clusters {
		if candidate.pools[poolID] != nil {
			c = candidate
		}
	}
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	defer c.lockPool(poolID)()
	names := s.Instances(poolID)
	var wait sync.WaitGroup
	for _, name := range names {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if err := c.retire(ctx, name, deletionDrain); err != nil {
				s.log.Warn("machine removed, but its node is still in the cluster", "cluster", c.info.Name, "node", name, "error", err)
			}
		}()
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("node pool %s: %w", poolID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		c.forget(name)
	}
	delete(c.pools, poolID)
	c.changed.Store(true)
	return nil
}

// Instances returns the names of a pool's machines, in order.
func (s *Simulator) Instances(poolID string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, c := range s.clusters {
		for name, m := range c.machines {
			if m.pool == poolID {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
