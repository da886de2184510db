package makespan

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
)

// hollow stands in for control planes and machines that exist as soon as they are requested. (Google's operation takes
// the time for them.)
type hollow struct {
	mu    sync.Mutex
	pools map[string]cloud.NodePool
}

func (h *hollow) Ensure(_ context.Context, c cloud.Cluster) (cloud.Access, error) {
	return cloud.Access{Endpoint: "127.0.0.1:1", CACertificate: []byte(c.ID)}, nil
}

func (h *hollow) Delete(context.Context, string) error { return nil }

func (h *hollow) Config(string) (*rest.Config, error) { return &rest.Config{}, nil }

func (h *hollow) AddCluster(context.Context, cloud.Cluster, *rest.Config) error { return nil }

func (h *hollow) RemoveCluster(string) {}

func (h *hollow) EnsureNodePool(_ context.Context, p cloud.NodePool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pools[p.ID] = p
	return nil
}

func (h *hollow) DeleteNodePool(_ context.Context, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pools, id)
	return nil
}

func (h *hollow) Instances(id string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for i := range h.pools[id].Count {
		out = append(out, fmt.Sprintf("%s-%d", h.pools[id].InstanceGroup, i))
	}
	return out
}
