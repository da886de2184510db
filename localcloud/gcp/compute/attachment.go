package compute

import (
	"fmt"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/store"
)

const attachmentsBucket = "attachments" // disk -> attachment

// attachment records the instance to which a disk is attached.
type attachment struct {
	Instance string `json:"instance"`
	Zone     string `json:"zone"`
}

// attached returns a disk's attachment; nil if it has none.
func attached(t *api.Tx, disk string) *attachment {
	var at attachment
	if !t.Get(attachmentsBucket, disk, &at) {
		return nil
	}
	return &at
}

func (at attachment) inUse(disk *api.Record) error {
	return api.InUse("disk", disk.ID, fmt.Sprintf("projects/%s/zones/%s/instances/%s", disk.Project, at.Zone, at.Instance))
}

// Disks attaches disks to instances. A disk's handle is its CSI volume handle, which is its resource name.
type Disks struct{ API *api.API }

// Disk implements cloud.Facts.
func (d Disks) Disk(handle string) (cloud.Disk, bool) {
	r, err := d.API.Read(handle)
	if err != nil {
		d.API.Log.Error("look up the disk", "disk", handle, "error", err)
	}
	if err != nil || r == nil || r.Type != diskType {
		return cloud.Disk{}, false
	}
	return cloud.Disk{ID: r.ID, Zone: r.Location, SizeGB: r.Outputs.Num("size")}, true
}

// Attach implements cloud.Facts.
func (d Disks) Attach(handle, instance, zone string) error {
	return d.API.Transact(func(t *api.Tx) error {
		r := t.Find(handle)
		if r == nil || r.Type != diskType {
			return api.NotFound(handle)
		}
		if r.Location != zone {
			return api.Invalid("disk.source", api.SelfLink(handle), "The disk is in zone '%s', the instance '%s' in zone '%s'.",
				r.Location, instance, zone)
		}
		at := attached(t, handle)
		if at != nil && at.Instance != instance {
			return at.inUse(r)
		}
		return t.Put(attachmentsBucket, handle, attachment{instance, zone})
	})
}

// Detach implements cloud.Facts.
func (d Disks) Detach(handle, instance string) {
	err := d.API.Transact(func(t *api.Tx) error {
		if at := attached(t, handle); at == nil || at.Instance != instance {
			return nil
		}
		return t.Delete(attachmentsBucket, handle)
	})
	if err != nil {
		d.API.Log.Error("detach the disk", "disk", handle, "instance", instance, "error", err)
	}
}

// Resize implements cloud.Facts.
func (d Disks) Resize(handle string, sizeGB int) (size int, err error) {
	err = d.API.Transact(func(t *api.Tx) error {
		r := t.Find(handle)
		if r == nil || r.Type != diskType {
			return api.NotFound(handle)
		}
		if size = r.Outputs.Num("size"); size >= sizeGB {
			return nil
		}
		if sizeGB > maxDisk {
			return api.Invalid("sizeGb", fmt.Sprint(sizeGB), "Disk size cannot be larger than %d GB.", maxDisk)
		}
		size, r.Outputs["size"] = sizeGB, float64(sizeGB)
		return t.Save(r)
	})
	return size, err
}

// DetachAll detaches the disks of deleted instances, as Google does.
func DetachAll(t *api.Tx, deleted map[string]bool) error {
	var free []string
	err := store.Each(t.Tx, attachmentsBucket, func(disk string, at attachment) error {
		if deleted[at.Instance] {
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
