// Package container declares the resource types of Google Kubernetes Engine. A cluster is a control plane of
// cloud.ControlPlanes, a node pool is machines of cloud.Machines.
package container

import (
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

// Engine runs the clusters and node pools.
type Engine struct {
	ControlPlanes cloud.ControlPlanes
	Machines      cloud.Machines
}

// Kinds are the resource types.
func (e *Engine) Kinds() []*api.Kind { return []*api.Kind{e.cluster(), e.nodePool()} }

// Versions of the control planes: Kubernetes', and the same in GKE's form.
const (
	kubernetesVersion = "1.33.0"
	gkeVersion        = kubernetesVersion + "-gke.1000000"
)
