package compute

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// resourcePolicy is a snapshot schedule; Google has other policies too. Here no schedule ever takes a snapshot.
func resourcePolicy() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/resourcePolicy:ResourcePolicy", Title: "ResourcePolicy", Noun: "resource_policy",
		Service: api.Compute, Scope: api.Regional, Naming: api.ComputeNames,
		Fields: schema.Fields{
			// The provider plans a new name as an update in place, which asks for a policy that is not there.
			"name":        schema.String(schema.Computed, schema.CheckString(api.ComputeNames.Check)),
			"description": schema.String(),
			"snapshotSchedulePolicy": schema.ObjectOf(schema.Fields{
				"schedule": schema.ObjectOf(schema.Fields{
					"dailySchedule": schema.ObjectOf(schema.Fields{
						"daysInCycle": schema.Int(schema.Required, schema.Only(1, "Google's schedules are of every day")),
						"startTime": schema.String(schema.Required, schema.Matches(regexp.MustCompile(`^([01][0-9]|2[0-3]):00$`),
							"a schedule starts on the hour, UTC, like 04:00")),
					}, schema.Required),
				}, schema.Required),
				"retentionPolicy": schema.ObjectOf(schema.Fields{
					"maxRetentionDays": schema.Int(schema.Required, schema.Between(1, 65535)),
					"onSourceDiskDelete": schema.String(schema.Default("KEEP_AUTO_SNAPSHOTS"),
						schema.OneOf("KEEP_AUTO_SNAPSHOTS", "APPLY_RETENTION_POLICY")),
				}),
				"snapshotProperties": schema.ObjectOf(schema.Fields{
					"guestFlush":       schema.Bool(),
					"labels":           schema.MapOf(schema.String()),
					"storageLocations": schema.String(),
				}),
			}, schema.Required),
		},
		Outputs: []string{"selfLink"},
		ID:      api.MemberID(api.ResourcePolicies),
		Check:   someSnapshotProperty,
		Admit:   admitResourcePolicy,
		Guard: func(t *api.Tx, r *api.Record) error {
			for _, a := range t.All(attachmentType) {
				if policyOf(a) == r.ID {
					return api.InUse("resource_policy", r.ID, a.Target("disk"))
				}
			}
			return nil
		},
	}
}

// someSnapshotProperty repeats the provider's AtLeastOneOf.
func someSnapshotProperty(in api.Object) []plugin.CheckFailure {
	const path = "snapshotSchedulePolicy.snapshotProperties"
	if !in.Known(path) || in.Has(path+".guestFlush") || in.Has(path+".labels") || in.Has(path+".storageLocations") {
		return nil
	}
	return []plugin.CheckFailure{api.Failure(path, "one of guestFlush, labels and storageLocations must be set")}
}

func admitResourcePolicy(_ *api.Tx, r, old *api.Record) error {
	o := r.Outputs
	if name := o.Str("name"); old != nil && name != old.Outputs.Str("name") {
		return api.NotFound(strings.TrimSuffix(r.ID, r.Name) + name)
	}
	const path = "snapshotSchedulePolicy.snapshotProperties.storageLocations"
	if l := o.Str(path); l != "" && !slices.Contains([]string{"asia", "eu", "us"}, l) && !googlecloud.IsRegion(l) {
		return api.Invalid(path+"[0]", l, "A location is a region, or asia, eu or us.")
	}
	o.Fill("selfLink", api.SelfLink(r.ID))
	return nil
}

const attachmentType = "gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment"

func diskResourcePolicyAttachment() *api.Kind {
	return &api.Kind{
		Token: attachmentType, Title: "DiskResourcePolicyAttachment", Noun: "disk", Service: api.Compute, Scope: api.Zonal,
		Naming: api.ComputeNames, // of the policy
		Fields: schema.Fields{
			// A disk takes its attachments along.
			"disk": schema.String(schema.Required, schema.ForceNew, schema.Ref(api.Disks), schema.KeepForm, schema.Weak),
		},
		ID: func(at api.Location, in api.Object) string {
			return strings.Join([]string{at.Project, at.Name, in.Str("disk"), in.Str("name")}, "/")
		},
		Admit: admitAttachment,
	}
}

func policyOf(attachment *api.Record) string {
	at := api.Location{Project: attachment.Project, Region: googlecloud.RegionOf(attachment.Location)}
	return api.MemberName(at, api.ResourcePolicies, attachment.Outputs.Str("name"))
}

func admitAttachment(t *api.Tx, r, _ *api.Record) error {
	disk := r.Outputs.Str("disk")
	if strings.Contains(disk, "/") { // the provider puts it into the URL as it is
		return &api.Error{Code: 404, Message: fmt.Sprintf("The requested URL /compute/v1/projects/%s/zones/%s/disks/%s/"+
			"addResourcePolicies was not found on this server.", r.Project, r.Location, disk), Reason: "notFound"}
	}
	policy := policyOf(r)
	if t.Find(policy) == nil {
		return api.NotFound(policy)
	}
	// Google's documentation allowed a disk one schedule for years, and its console still does.
	for _, other := range t.All(attachmentType) {
		if other.ID != r.ID && other.Target("disk") == r.Target("disk") {
			return api.Invalid("resourcePolicies[0]", policy, "The disk '%s' has the snapshot schedule '%s' already.",
				r.Target("disk"), policyOf(other))
		}
	}
	return nil
}

// removeAttachments removes the attachments of a disk that goes.
func removeAttachments(t *api.Tx, disk *api.Record) error {
	for _, a := range t.All(attachmentType) {
		if a.Target("disk") == disk.ID {
			if err := t.Drop(a.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
