package wordpress

import (
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cron declares the schedule of WordPress's own tasks, which would otherwise run on a visitor's request. Every region
// sends the request; a lock in the database (geo-cron.php) makes one of them do the work. The pod retries until it gets
// an answer: WordPress may not have started yet, or the database may be electing leaders. Until the site is installed,
// the answer is a redirect to the installation page at the site's address. That counts as success, though these pods
// cannot reach the page.
func (w *WordPress) cron(ctx *pulumi.Context) error {
	c := podspec.Container(cronApp, w.args.Config.Images.Tools, sizing.Job)
	url := "http://" + regions.ServiceDNS(app, w.args.Config.Namespaces.WordPress, w.args.Region) + "/wp-cron.php"
	c.Command = pulumi.ToStringArray([]string{"sh", "-c",
		"until wget -q -S -T 60 -O /dev/null " + url + " 2>&1 | grep -q 'HTTP/[0-9.]* [23]'; do sleep 5; done"})
	_, err := batchv1.NewCronJob(ctx, w.name+"-cron", &batchv1.CronJobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(cronApp),
			Namespace:   w.args.Namespace.Name,
			Labels:      objectmeta.Labels(cronApp),
			Annotations: objectmeta.Annotations(),
		},
		Spec: &batchv1.CronJobSpecArgs{
			Schedule:                   pulumi.String("*/5 * * * *"),
			ConcurrencyPolicy:          pulumi.String("Forbid"),
			StartingDeadlineSeconds:    pulumi.Int(120),
			SuccessfulJobsHistoryLimit: pulumi.Int(1),
			FailedJobsHistoryLimit:     pulumi.Int(1),
			JobTemplate: &batchv1.JobTemplateSpecArgs{
				Spec: &batchv1.JobSpecArgs{
					BackoffLimit:          pulumi.Int(1),
					ActiveDeadlineSeconds: pulumi.Int(240),
					Template: &corev1.PodTemplateSpecArgs{
						Metadata: &metav1.ObjectMetaArgs{Labels: objectmeta.Labels(cronApp)},
						Spec: &corev1.PodSpecArgs{
							RestartPolicy:                pulumi.String("Never"),
							PriorityClassName:            w.args.Priority.Jobs,
							SecurityContext:              podspec.User(podspec.WWWData),
							AutomountServiceAccountToken: pulumi.Bool(false),
							EnableServiceLinks:           pulumi.Bool(false),
							Containers:                   corev1.ContainerArray{c},
						},
					},
				},
			},
		},
	}, w.pod())
	return err
}

// install declares the Job that installs the site. All regions run it at the same time; exactly one installs.
func (w *WordPress) install(ctx *pulumi.Context) error {
	site := w.args.Config.Site
	c := podspec.Container(installApp, w.args.Config.Images.WordPress, sizing.Job)
	// The image's own script makes wp-config.php, and then runs the command.
	c.Command, c.Args = start("docker-ensure-installed.sh", "php", "/etc/geo-wordpress/install.php")
	c.Env = append(w.environment(),
		podspec.Env("SITE_TITLE", pulumi.String(site.Title)),
		podspec.Env("ADMIN_USER", pulumi.String(site.AdminUser)),
		podspec.Env("ADMIN_EMAIL", pulumi.String(site.AdminEmail)),
		podspec.EnvFromSecret("ADMIN_PASSWORD", w.secret.Metadata.Name(), "ADMIN_PASSWORD"),
	)
	c.VolumeMounts = append(w.core(), podspec.MountFile("config", "install.php", "/etc/geo-wordpress/install.php"))
	pod := w.podSpec(c)
	pod.RestartPolicy = pulumi.String("Never")
	pod.PriorityClassName = w.args.Priority.Jobs
	pod.Volumes = w.volumes()
	_, err := batchv1.NewJob(ctx, w.name+"-install", &batchv1.JobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace:   w.args.Namespace.Name,
			Labels:      objectmeta.Labels(installApp),
			Annotations: objectmeta.Annotations(),
		},
		Spec: &batchv1.JobSpecArgs{
			BackoffLimit: pulumi.Int(6),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: objectmeta.Labels(installApp)},
				Spec:     pod,
			},
		},
	}, w.pod())
	return err
}
