package gcp

import (
	"context"
	"time"
)

// ensureDefaultPool creates the default pool, which a cluster has unless removeDefaultNodePool is set.
func (a *API) ensureDefaultPool(ctx context.Context, cluster *record) error {
	id := cluster.ID + "/nodePools/default-pool"
	r := &record{Type: nodePoolType, ID: id, Name: "default-pool", Project: cluster.Project, Place: cluster.Place,
		State: provisioning, Created: time.Now().UTC(), Implicit: true, Inputs: object{
			"cluster": cluster.ID, "name": "default-pool", "nodeCount": float64(cluster.Outputs.num("initialNodeCount"))}}
	if config, given := cluster.Inputs["nodeConfig"]; given {
		r.Inputs["nodeConfig"] = config
	}
	err := a.update(func(t *txn) error {
		there, err := t.get(id)
		if err != nil {
			return err
		}
		if there != nil {
			r = there
			return nil
		}
		if r.Outputs, err = cluster.defaultPool(t, r); err != nil {
			return err
		}
		return t.put(r)
	})
	if err != nil {
		return err
	}
	return a.operate(ctx, nodePoolKind, operation{}, r, nil)
}

// defaultPool fills in a default pool's outputs.
func (cluster *record) defaultPool(t *txn, r *record) (object, error) {
	r.Outputs = r.Inputs.clone()
	r.Refs = []reference{{Path: "cluster", Target: cluster.ID, Weak: true}}
	err := admitNodePool(t, r, nil)
	return r.Outputs, err
}
