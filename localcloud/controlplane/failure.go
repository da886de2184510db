package controlplane

import (
	"context"
	"errors"

	"geo-wordpress/localcloud/cloud"
)

// errFailed is what is wrong with a control plane that was made to fail.
var errFailed = errors.New("it was made to fail: `localcloud heal` brings it back")

// Refuse makes Ensure fail for the clusters of which lost is true, those that do not exist yet included: nothing can be
// made in a place that is lost.
func (m *Manager) Refuse(lost func(cloud.Cluster) bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.lost = lost
}

// Fail takes a control plane down at once, as the loss of its machines would, and keeps it down until Heal, or until
// another manager opens the directory. Packets to its endpoint are dropped meanwhile. Its state stays, and Delete works.
func (m *Manager) Fail(clusterID string) error {
	p, err := m.known(clusterID)
	if err != nil {
		return err
	}
	p.starting.Lock()
	defer p.starting.Unlock()
	p.setFailed(true)
	p.log.Info("control plane fails")
	// First of all, so that no client hears of the end.
	err = p.endpoint.Drop()
	p.halt(0)
	return err
}

// Heal starts a control plane that was made to fail, and returns once it answers.
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
