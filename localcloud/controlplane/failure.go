package controlplane

import (
	"context"
	"errors"

	"geo-wordpress/localcloud/cloud"
)

// errFailed is the error of a control plane taken down by Fail.
var errFailed = errors.New("it was taken away: `localcloud heal` restores it")

// Refuse makes Ensure fail for the clusters for which lost is true, new ones included: nothing can be created in a lost
// zone or region.
func (m *Manager) Refuse(lost func(cloud.Cluster) bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.lost = lost
}

// Fail takes a control plane down at once, as the loss of its machines would, until Heal is called or another manager
// opens the directory. Meanwhile packets to its endpoint are dropped. Its state is kept, and Delete works.
func (m *Manager) Fail(clusterID string) error {
	p, err := m.known(clusterID)
	if err != nil {
		return err
	}
	p.starting.Lock()
	defer p.starting.Unlock()
	p.setFailed(true)
	p.log.Info("control plane is lost")
	// Drop packets first, so that no client sees its connections close.
	err = p.endpoint.Drop()
	p.halt(0)
	return err
}

// Heal restarts a control plane taken down by Fail, and returns once it answers.
func (m *Manager) Heal(ctx context.Context, clusterID string) error {
	p, err := m.known(clusterID)
	if err != nil {
		return err
	}
	p.setFailed(false)
	_, err = m.Ensure(ctx, p.settings.Cluster)
	return err
}

func (p *plane) isFailed() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.failed
}

func (p *plane) setFailed(failed bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.failed = failed
}
