package backup

import (
	"geo-wordpress/components/storage"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Snapshots declares the daily snapshots of a region's disks, if they are wanted. They are no backup of the site: each disk's
// is of another moment, and three regions' stores of different moments are no database. They bring back one disk.
func (b *Backup) Snapshots(ctx *pulumi.Context, name string, region regions.Region, disks *storage.Storage) error {
	days := b.args.Config.Backup.SnapshotDays
	if days == 0 {
		return nil
	}
	policy, err := compute.NewResourcePolicy(ctx, name, &compute.ResourcePolicyArgs{
		Description: pulumi.Sprintf("geo-wordpress: daily snapshots in %s", region.Name),
		Region:      pulumi.String(region.Name),
		SnapshotSchedulePolicy: &compute.ResourcePolicySnapshotSchedulePolicyArgs{
			Schedule: &compute.ResourcePolicySnapshotSchedulePolicyScheduleArgs{
				DailySchedule: &compute.ResourcePolicySnapshotSchedulePolicyScheduleDailyScheduleArgs{
					DaysInCycle: pulumi.Int(1),
					StartTime:   pulumi.String("04:00"),
				},
			},
			RetentionPolicy: &compute.ResourcePolicySnapshotSchedulePolicyRetentionPolicyArgs{
				MaxRetentionDays: pulumi.Int(days),
				// Snapshots outlive their disks, but not the days.
				OnSourceDiskDelete: pulumi.String("APPLY_RETENTION_POLICY"),
			},
		},
	}, pulumi.Parent(b), b.args.Project.Ready())
	if err != nil {
		return err
	}
	for _, d := range []struct {
		role string
		disk *storage.Disk
	}{{"pd", disks.PD}, {"tikv", disks.TiKV}, {"files", disks.Files}} {
		_, err := compute.NewDiskResourcePolicyAttachment(ctx, name+"-"+d.role, &compute.DiskResourcePolicyAttachmentArgs{
			Name: policy.Name,
			Disk: d.disk.Name,
			Zone: pulumi.String(region.Zone),
		}, pulumi.Parent(b))
		if err != nil {
			return err
		}
	}
	return nil
}
