package backup

import (
	_ "embed"
	"slices"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/credentials"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/nfs"
	"geo-wordpress/components/priority"
	"geo-wordpress/components/tidb"
	"geo-wordpress/components/workloadidentity"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// app is the CronJob's name and its pods' label.
	app = "backup"
	// DeadlineSeconds is the time for a backup, the wait included.
	DeadlineSeconds = 12 * 3600
)

var (
	//go:embed files/turn.sh
	turnScript string
	//go:embed files/database.sh
	databaseScript string
	//go:embed files/files.sh
	filesScript string
)

// RegionArgs configure a region's part.
type RegionArgs struct {
	Region      regions.Region
	Cluster     *cluster.Cluster
	Namespace   *namespace.Namespace // WordPress's, which has the files
	Files       *nfs.Server
	Credentials *credentials.Credentials
	Authority   pulumi.StringInput // that vouches for the database, in PEM
	Priority    *priority.Classes
	SiteURL     pulumi.StringInput
	// Database is what creates the user who dumps.
	Database pulumi.Resource
}

// In declares a region's CronJob. All regions' begin at the same time. The first region in the list takes the backup;
// another one takes it if the regions before it have not done so in time.
func (b *Backup) In(ctx *pulumi.Context, name string, args RegionArgs) error {
	needs, err := b.identity.Pod(ctx, name, b, workloadidentity.PodArgs{
		App: app, Region: args.Region, Cluster: args.Cluster, Namespace: args.Namespace, Files: args.Files, Priority: args.Priority,
		Scripts: map[string]string{"turn.sh": turnScript, "database.sh": databaseScript, "files.sh": filesScript},
		User:    tidb.Reader, Password: args.Credentials.DatabaseBackup, Authority: args.Authority,
	})
	if err != nil {
		return err
	}
	pod := b.pod(args, needs)
	labelled := objectmeta.Labels(app)
	_, err = batchv1.NewCronJob(ctx, name, &batchv1.CronJobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(app),
			Namespace:   args.Namespace.Name,
			Labels:      labelled,
			Annotations: objectmeta.Annotations(),
		},
		Spec: &batchv1.CronJobSpecArgs{
			Schedule:                   pulumi.String(b.args.Config.Backup.Schedule),
			TimeZone:                   pulumi.String("Etc/UTC"),
			ConcurrencyPolicy:          pulumi.String("Forbid"),
			StartingDeadlineSeconds:    pulumi.Int(600),
			SuccessfulJobsHistoryLimit: pulumi.Int(1),
			FailedJobsHistoryLimit:     pulumi.Int(3),
			JobTemplate: &batchv1.JobTemplateSpecArgs{Spec: &batchv1.JobSpecArgs{
				BackoffLimit:          pulumi.Int(2),
				ActiveDeadlineSeconds: pulumi.Int(DeadlineSeconds),
				Template:              &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: labelled}, Spec: pod},
			}},
		},
	}, args.Cluster.Object(b, pulumi.DependsOn(append(slices.Concat(needs.Ready, b.roles), args.Database))))
	return err
}

// pod takes a backup: it waits for its turn, dumps the database, and copies the files.
func (b *Backup) pod(args RegionArgs, needs *workloadidentity.Pod) *corev1.PodSpecArgs {
	images := b.args.Config.Images
	env := func(more ...corev1.EnvVarInput) corev1.EnvVarArray {
		return slices.Concat(corev1.EnvVarArray{
			podspec.Env("BUCKET", b.Bucket),
			podspec.Env("REGION", pulumi.String(args.Region.Name)),
		}, podspec.Rclone(), more)
	}

	turn := podspec.Container("turn", images.Rclone, sizing.Job)
	turn.Command = pulumi.ToStringArray([]string{"sh", "/scripts/turn.sh"})
	turn.Env = env(podspec.Env("REGIONS", pulumi.String(regions.Names(regions.Standing(b.args.Config.Regions)))))
	turn.VolumeMounts = corev1.VolumeMountArray{
		podspec.MountFile("scripts", "turn.sh", "/scripts/turn.sh"),
		podspec.Mount("work", "/work"),
		podspec.Mount("tmp", "/tmp"),
	}

	database := podspec.Container("database", images.Dumpling, sizing.Backup)
	database.Command = pulumi.ToStringArray([]string{"sh", "/scripts/database.sh"})
	database.Env = env(needs.Database()...)
	database.VolumeMounts = corev1.VolumeMountArray{
		podspec.MountFile("scripts", "database.sh", "/scripts/database.sh"),
		podspec.MountFile("scripts", workloadidentity.AuthorityFile, workloadidentity.AuthorityPath),
		podspec.MountReadOnly("work", "/work"),
		podspec.Mount("tmp", "/tmp"),
	}

	// WordPress's image has GNU tar, which goes on when a file changes or vanishes.
	files := podspec.Container("files", images.WordPress, sizing.Backup)
	files.Command = pulumi.ToStringArray([]string{"bash", "/scripts/files.sh"})
	files.Env = env(append(needs.Database(), podspec.Env("SITE_URL", args.SiteURL))...)
	files.VolumeMounts = corev1.VolumeMountArray{
		podspec.MountFile("scripts", "files.sh", "/scripts/files.sh"),
		podspec.MountFile("scripts", workloadidentity.AuthorityFile, workloadidentity.AuthorityPath),
		podspec.MountReadOnly("work", "/work"),
		podspec.MountReadOnly("wp-content", "/wp-content"),
		podspec.Mount("tmp", "/tmp"),
	}
	return needs.Spec(corev1.ContainerArray{turn, database}, files)
}
