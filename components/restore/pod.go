package restore

import (
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/tidb"
	"geo-wordpress/components/workloadidentity"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// pod restores a region: it checks the record, fetches the backup's description, loads the database in the first region,
// unpacks the files, and records that it is done.
func (r *Restore) pod(args RegionArgs, needs *workloadidentity.Pod) *corev1.PodSpecArgs {
	images, from := r.args.Config.Images, r.args.Config.Restore
	env := append(corev1.EnvVarArray{
		podspec.Env("BUCKET", pulumi.String(from.Bucket)),
		podspec.Env("BACKUP", pulumi.String(from.Name)),
		podspec.Env("REGION", pulumi.String(args.Region.Name)),
		podspec.Env("REGIONS", pulumi.String(regions.Names(regions.Standing(r.args.Config.Regions)))),
		podspec.Env("SITE_URL", args.SiteURL),
	}, podspec.Rclone()...)
	withDatabase := append(env,
		podspec.Env("DATABASE_HOST", pulumi.String(tidb.Address(r.args.Config, args.Region))),
		podspec.Env("DATABASE_USER", pulumi.String(tidb.User)),
		podspec.Env("DATABASE_NAME", pulumi.String(tidb.Database)),
		podspec.EnvFromSecret("DATABASE_PASSWORD", needs.Secret.Metadata.Name(), "password"),
	)

	container := func(name, image string, size sizing.Container, env corev1.EnvVarArray, command ...string) *corev1.ContainerArgs {
		c := podspec.Container(name, image, size)
		c.Command = pulumi.ToStringArray(command)
		c.Env = env
		c.VolumeMounts = corev1.VolumeMountArray{
			podspec.MountReadOnly("scripts", "/scripts"),
			podspec.Mount("work", "/work"),
			podspec.Mount("tmp", "/tmp"),
		}
		return c
	}
	begin := container("begin", images.WordPress, sizing.Job, withDatabase, "php", "/scripts/restore.php", "begin")
	fetch := container("fetch", images.Rclone, sizing.Job, env, "sh", "/scripts/fetch.sh")
	database := container("database", images.Lightning, sizing.Backup, withDatabase, "sh", "/scripts/database.sh")
	files := container("files", images.WordPress, sizing.Backup, env, "bash", "/scripts/files.sh")
	files.VolumeMounts = append(files.VolumeMounts.(corev1.VolumeMountArray), podspec.Mount("wp-content", "/wp-content"))
	end := container("end", images.WordPress, sizing.Backup, withDatabase, "php", "/scripts/restore.php", "end")

	security := podspec.User(podspec.WWWData)
	security.FsGroup, security.FsGroupChangePolicy = nil, nil // the files are on NFS
	return &corev1.PodSpecArgs{
		RestartPolicy:                pulumi.String("Never"),
		ServiceAccountName:           needs.Account.Metadata.Name(),
		PriorityClassName:            args.Priority.Jobs,
		SecurityContext:              security,
		AutomountServiceAccountToken: pulumi.Bool(false), // the machine's metadata server knows the pod's account
		EnableServiceLinks:           pulumi.Bool(false),
		InitContainers:               corev1.ContainerArray{begin, fetch, database, files},
		Containers:                   corev1.ContainerArray{end},
		Volumes: corev1.VolumeArray{
			podspec.FromConfigMap("scripts", needs.Scripts.Metadata.Name()),
			podspec.FromClaim("wp-content", args.Files.Claim),
			podspec.Scratch("work", "256Mi"), // rclone itself
			podspec.Scratch("tmp", "1Gi"),
		},
	}
}
