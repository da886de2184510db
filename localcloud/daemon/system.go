package daemon

import (
	"context"
	"log/slog"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/loadbalancer"
	"geo-wordpress/localcloud/machines"
)

// Resource is a Google resource that exists.
type Resource struct {
	Type string `json:"type"` // the engine's token
	ID   string `json:"id"`
}

// System is the cloud above the control planes.
type System interface {
	// Providers returns the provider factories by package name.
	Providers() map[string]cloud.Provider
	// Resume restarts what exists according to the state.
	Resume(ctx context.Context) error
	// Resources lists what exists.
	Resources() []Resource
	// LoadBalancers returns the load balancers' status.
	LoadBalancers() loadbalancer.Status
	// Overview lists the machines of each cluster, and the pods on them.
	Overview() []machines.Overview
	// SetCheckPace makes the load balancers' health checks and draining run the given number of times as fast.
	SetCheckPace(times int64)
	// Close stops the system and keeps its state.
	Close() error
}

// Assemble builds the system from a home's state.
type Assemble func(h home.Home, planes cloud.ControlPlanes, log *slog.Logger) (System, error)
