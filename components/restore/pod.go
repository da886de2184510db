package restore

import (
	"slices"

	"geo-wordpress/components/internal/podspec"
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
	env := slices.Concat(corev1.EnvVarArray{
		podspec.Env("BUCKET", pulumi.String(from.Bucket)),
		podspec.Env("BACKUP", pulumi.String(from.Name)),
		podspec.Env("REGION", pulumi.String(args.Region.Name)),
		podspec.Env("REGIONS", pulumi.String(regions.Names(regions.Standing(r.args.Config.Regions)))),
		podspec.Env("SITE_URL", args.SiteURL),
	}, podspec.Rclone())
	withDatabase := slices.Concat(env, needs.Database())

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
	return needs.Spec(corev1.ContainerArray{begin, fetch, database, files}, end)
}
