package compute

import (
	"fmt"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const (
	diskType = "gcp:compute/disk:Disk"
	maxDisk  = 65536 // GiB
)

func disk() *api.Kind {
	return &api.Kind{
		Token: diskType, Title: "Disk", Noun: "disk", Service: api.Compute, Scope: api.Zonal, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"description": schema.String(schema.ForceNew),
			// A disk grows in place; shrinking replaces it.
			"size": schema.Int(schema.Computed, schema.Between(1, maxDisk),
				schema.ReplaceIf(func(o, n any) bool { return n.(float64) < o.(float64) })),
			"type": schema.String(schema.Default("pd-standard"), schema.ForceNew,
				schema.OneOf("pd-standard", "pd-balanced", "pd-ssd")),
		},
		// Google's API also returns the disk's users and attach times. They change with every pod that moves, so a
		// refresh would report drift.
		Outputs: []string{"creationTimestamp", "selfLink"},
		ID:      api.MemberID(api.Disks),
		Admit:   admitDisk,
		Gone:    removeAttachments,
		Guard: func(t *api.Tx, r *api.Record) error {
			// The real provider detaches a disk before it deletes it, and GKE's attach controller reattaches it as long as
			// a pod and its machine exist: a race. Here the delete always loses, which exposes a graph that does not remove
			// the machines first.
			if at := attached(t, r.ID); at != nil {
				return at.inUse(r)
			}
			return nil
		},
	}
}

func admitDisk(_ *api.Tx, r, old *api.Record) error {
	o := r.Outputs
	if o.Str("type") == "pd-standard" {
		o.Fill("size", 500.0) // Google's default for a blank disk
	} else {
		o.Fill("size", 100.0)
	}
	if o.Num("size") < 10 {
		return api.Invalid("sizeGb", fmt.Sprint(o.Num("size")), "Disk size cannot be smaller than 10 GB.")
	}
	if old != nil && o.Num("size") < old.Outputs.Num("size") {
		return api.Invalid("sizeGb", fmt.Sprint(o.Num("size")), "New disk size must be larger than the current %d GB.",
			old.Outputs.Num("size"))
	}
	r.FillPlain()
	return nil
}
