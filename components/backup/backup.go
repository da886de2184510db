// Package backup declares the site's backups: the bucket, the account that may add to it, and in each region the CronJob
// that takes one. docs/backup.md describes what a backup holds.
package backup

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/project"
	"geo-wordpress/components/workloadidentity"
	"geo-wordpress/config"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/storage"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure the backups. Config.Backup must be set.
type Args struct {
	Config   *config.Config
	Project  *project.Project
	Clusters []*cluster.Cluster
}

// Backup is where the backups go, and as whom.
type Backup struct {
	pulumi.ResourceState

	// Bucket is the name of the bucket.
	Bucket pulumi.StringOutput

	args     Args
	identity *workloadidentity.Identity
	roles    []pulumi.Resource
}

// New declares the bucket, unless the operator has one, and the account.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Backup, error) {
	b := &Backup{args: args, Bucket: pulumi.String(args.Config.Backup.Bucket).ToStringOutput()}
	if err := ctx.RegisterComponentResource("geo-wordpress:backup:Backup", name, b, opts...); err != nil {
		return nil, err
	}
	if args.Config.Backup.Bucket == "" {
		bucket, err := b.bucket(ctx, name)
		if err != nil {
			return nil, err
		}
		b.Bucket = bucket.Name
	}
	var err error
	b.identity, err = workloadidentity.New(ctx, name, b, workloadidentity.Args{
		Purpose: "backup", Config: args.Config, Project: args.Project, Clusters: args.Clusters,
	})
	if err != nil {
		return nil, err
	}
	// It may add objects, and list their names to see whether another region has backed up. It may not read, overwrite or
	// delete one: whoever takes over the site cannot take its past as well.
	for _, role := range []struct{ what, id string }{
		{"add", "roles/storage.objectCreator"},
		{"list", "roles/storage.legacyBucketReader"},
	} {
		member, err := storage.NewBucketIAMMember(ctx, name+"-"+role.what, &storage.BucketIAMMemberArgs{
			Bucket: b.Bucket,
			Role:   pulumi.String(role.id),
			Member: b.identity.Member,
		}, pulumi.Parent(b))
		if err != nil {
			return nil, err
		}
		b.roles = append(b.roles, member)
	}
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{"bucket": b.Bucket})
}

// bucket declares the stack's own bucket. It is auto-named, because the names of all projects' buckets are one namespace.
func (b *Backup) bucket(ctx *pulumi.Context, name string) (*storage.Bucket, error) {
	settings := b.args.Config.Backup
	return storage.NewBucket(ctx, name+"-geo-wordpress", &storage.BucketArgs{
		Location:                 pulumi.String(settings.Location),
		UniformBucketLevelAccess: pulumi.Bool(true),
		PublicAccessPrevention:   pulumi.String("enforced"),
		// Without it, Cloud Storage deletes no bucket that holds something.
		ForceDestroy: pulumi.Bool(!b.args.Config.ProtectData),
		// Each object has an age of its own, and "complete" is a backup's youngest. It goes first: what is left is no complete
		// backup.
		LifecycleRules: storage.BucketLifecycleRuleArray{
			rule("Delete", settings.KeepDays, "/complete"),
			rule("Delete", settings.KeepDays+2),
			rule("AbortIncompleteMultipartUpload", 1),
		},
	}, pulumi.Parent(b), b.args.Project.Ready(), pulumi.Protect(b.args.Config.ProtectData))
}

// rule applies an action to what is older than some days, and whose name has one of the suffixes, if any are given.
func rule(action string, days int, suffixes ...string) *storage.BucketLifecycleRuleArgs {
	condition := &storage.BucketLifecycleRuleConditionArgs{Age: pulumi.Int(days)}
	if len(suffixes) > 0 {
		condition.MatchesSuffixes = pulumi.ToStringArray(suffixes)
	}
	return &storage.BucketLifecycleRuleArgs{
		Action:    &storage.BucketLifecycleRuleActionArgs{Type: pulumi.String(action)},
		Condition: condition,
	}
}
