package gcp

import (
	"fmt"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/store"
)

const diskType = "gcp:compute/disk:Disk"

// attachment records the instance that a disk is attached to.
type attachment struct {
	Instance string `json:"instance"`
	Zone     string `json:"zone"`
}

var _ = register(&kind{
	token: diskType, title: "Disk", noun: "disk", service: computeAPI, scope: zonal, naming: computeNames,
	fields: fields{
		"description":            str(forceNew),
		"labels":                 labels(),
		"physicalBlockSizeBytes": integer(computed, forceNew, between(4096, 16384)),
		// A disk grows in place; shrinking replaces it.
		"size": integer(computed, between(1, 65536), replaceIf(func(o, n any) bool { return n.(float64) < o.(float64) })),
		"type": str(preset("pd-standard"), forceNew, oneOf("pd-standard", "pd-balanced", "pd-ssd", "pd-extreme")),
	},
	outputs: []string{"accessMode", "creationTimestamp", "diskId", "effectiveLabels", "labelFingerprint",
		"lastAttachTimestamp", "lastDetachTimestamp", "licenses", "provisionedIops", "provisionedThroughput",
		"pulumiLabels", "selfLink", "sourceDiskId", "sourceImageId", "sourceSnapshotId", "users"},
	id:    memberID("disks"),
	admit: admitDisk,
	guard: func(t *txn, r *record) error {
		// The real provider detaches a disk before it deletes it, and GKE's attach controller reattaches it as long as
		// a pod and its machine exist: a race. Here the delete always loses, which exposes a graph that does not remove
		// the machines first.
		var a attachment
		attached, err := t.Get(attachmentsBucket, r.ID, &a)
		if err != nil || !attached {
			return err
		}
		return inUse("disk", r.ID, fmt.Sprintf("projects/%s/zones/%s/instances/%s", r.Project, a.Zone, a.Instance))
	},
})

func admitDisk(t *txn, r, old *record) error {
	o := r.Outputs
	o.fill("size", 500.0) // Google's default for a blank pd-standard disk
	if o.str("type") != "pd-standard" {
		o.fill("size", 100.0)
	}
	if lo := map[string]int{"pd-standard": 10, "pd-balanced": 10, "pd-ssd": 10, "pd-extreme": 500}[o.str("type")]; o.num("size") < lo {
		return invalid("sizeGb", fmt.Sprint(o.num("size")), "Disk size cannot be smaller than %d GB.", lo)
	}
	if old != nil && o.num("size") < old.Outputs.num("size") {
		return invalid("sizeGb", fmt.Sprint(o.num("size")), "New disk size must be larger than the current %d GB.",
			old.Outputs.num("size"))
	}
	o.fill("physicalBlockSizeBytes", 4096.0)
	o.fill("diskId", digits(19))
	// The disk's users and attach times are left out of the outputs on purpose: they change with every pod that moves,
	// and a refresh would report drift.
	o.fill("users", []any{})
	for _, none := range []string{"lastAttachTimestamp", "lastDetachTimestamp", "sourceDiskId", "sourceImageId",
		"sourceSnapshotId"} {
		o.fill(none, "")
	}
	o.fill("accessMode", "READ_WRITE_SINGLE")
	fillLabels(r)
	return admitPlain(t, r, old)
}

// Disk finds a persistent disk by its CSI volume handle, which is its resource name.
func (a *API) Disk(handle string) (cloud.Disk, bool) {
	r, err := a.read(handle)
	if err != nil {
		a.log.Error("look up the disk", "disk", handle, "error", err)
	}
	if err != nil || r == nil || r.Type != diskType {
		return cloud.Disk{}, false
	}
	return cloud.Disk{ID: r.ID, Zone: r.Place, SizeGB: r.Outputs.num("size")}, true
}

// Attach attaches a disk to an instance, for reading and writing.
func (a *API) Attach(handle, instance, zone string) error {
	return a.update(func(t *txn) error {
		r, err := t.get(handle)
		if err != nil {
			return err
		}
		if r == nil || r.Type != diskType {
			return notFound(handle)
		}
		if r.Place != zone {
			return invalid("disk.source", selfLink(handle), "The disk is in zone '%s', the instance '%s' in zone '%s'.",
				r.Place, instance, zone)
		}
		var now attachment
		attached, err := t.Get(attachmentsBucket, handle, &now)
		if err != nil {
			return err
		}
		if attached && now.Instance != instance {
			return inUse("disk", handle, fmt.Sprintf("projects/%s/zones/%s/instances/%s", r.Project, now.Zone, now.Instance))
		}
		return t.Put(attachmentsBucket, handle, attachment{instance, zone})
	})
}

// Detach detaches a disk from an instance. It does nothing if the disk is not attached to that instance.
func (a *API) Detach(handle, instance string) {
	err := a.update(func(t *txn) error {
		var now attachment
		attached, err := t.Get(attachmentsBucket, handle, &now)
		if err != nil || !attached || now.Instance != instance {
			return err
		}
		return t.Delete(attachmentsBucket, handle)
	})
	if err != nil {
		a.log.Error("detach the disk", "disk", handle, "instance", instance, "error", err)
	}
}

// detachAll detaches the disks of deleted instances, as Google does.
func (t *txn) detachAll(gone map[string]bool) error {
	var free []string
	err := store.Each(t.Tx, attachmentsBucket, func(disk string, a attachment) error {
		if gone[a.Instance] {
			free = append(free, disk)
		}
		return nil
	})
	for _, disk := range free {
		if err == nil {
			err = t.Delete(attachmentsBucket, disk)
		}
	}
	return err
}
