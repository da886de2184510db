package machines

import (
	"context"
	"fmt"

	"geo-wordpress/localcloud/cloud"
)

// EnsureNodePool makes the pool's machines match p: see nodes.Pools.Ensure.
func (s *Simulator) EnsureNodePool(ctx context.Context, p cloud.NodePool) error {
	c := s.cluster(p.Cluster)
	if c == nil {
		return fmt.Errorf("node pool %s: the machines do not know cluster %s: add it first", p.Name, p.Cluster)
	}
	return c.nodePools.Ensure(ctx, p)
}

// DeleteNodePool drains and removes the pool's machines: see nodes.Pools.Delete. A pool that does not exist is no error.
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
	return c.nodePools.Delete(ctx, poolID)
}

// Instances returns the names of a pool's machines, in order.
func (s *Simulator) Instances(poolID string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, c := range s.clusters {
		names = append(names, c.members(poolID)...)
	}
	return names
}
