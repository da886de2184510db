package wordpress

import (
	_ "embed"
	"fmt"

	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/sizing"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// shellName is the CronJob's and its container's name: docs/shell.md and tools/wp name it.
const shellName = "wp-cli"

const (
	// shellSeconds bounds how long a forgotten shell stays: a working day.
	shellSeconds = 8 * 60 * 60
	// wpPath is WP-CLI in both images.
	wpPath = "/usr/local/bin/wp"
	// shellReady is the file that says that WordPress is in place.
	shellReady = "/tmp/geo-wordpress-ready"
)

// shell declares the template of a pod for WP-CLI: a CronJob that never runs by itself. `kubectl create job --from` makes
// a Job of it whenever somebody wants a shell, and Kubernetes removes the Job after its end, whatever became of whoever
// made it. The pod has what WordPress's pods have: files, settings, secrets and confinement. It waits, and wp is run in it.
func (w *WordPress) shell(ctx *pulumi.Context) error {
	// The image of WordPress has no WP-CLI, and the one of WP-CLI has another PHP and other users.
	fetch := podspec.Container("fetch", w.args.Config.Images.WPCLI, sizing.Job)
	fetch.Command = pulumi.ToStringArray([]string{"sh", "-c", "cp " + wpPath + " /tools/wp && chmod 755 /tools/wp"})
	fetch.VolumeMounts = corev1.VolumeMountArray{podspec.Mount("tools", "/tools")}

	c := podspec.Container(shellName, w.args.Config.Images.WordPress, sizing.Shell)
	c.Command, c.Args = start("docker-ensure-installed.sh", "sh", "-c",
		fmt.Sprintf("touch %s; exec sleep %d", shellReady, shellSeconds))
	c.Env = append(append(w.environment(), w.sender()...),
		podspec.Env("HOME", pulumi.String("/tmp")), // WP-CLI's cache
		podspec.Env("WP_CLI_CONFIG_PATH", pulumi.String("/etc/geo-wordpress/wp-cli.yml")),
		podspec.Env("WP_CLI_DISABLE_AUTO_CHECK_UPDATE", pulumi.String("1")),
	)
	c.ReadinessProbe = podspec.Probe{Period: 1, Timeout: 5, Threshold: 1}.Exec("test", "-e", shellReady)
	c.VolumeMounts = append(w.core(),
		podspec.Mount("wp-content", documentRoot+"/wp-content"),
		podspec.MountFile("config", "wp-cli.yml", "/etc/geo-wordpress/wp-cli.yml"),
		podspec.MountFile("tools", "wp", wpPath),
	)
	pod := w.podSpec(c)
	pod.InitContainers = corev1.ContainerArray{fetch}
	pod.RestartPolicy = pulumi.String("Never")
	pod.PriorityClassName = w.args.Priority.Jobs
	pod.TerminationGracePeriodSeconds = pulumi.Int(1) // nothing in it has to end in order
	pod.Volumes = append(w.volumes(),
		podspec.FromClaim("wp-content", w.args.Files.Claim),
		podspec.Scratch("tools", "64Mi"),
	)
	_, err := batchv1.NewCronJob(ctx, w.name+"-shell", &batchv1.CronJobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(shellName),
			Namespace:   w.args.Namespace.Name,
			Labels:      objectmeta.Labels(shellApp),
			Annotations: objectmeta.Annotations(),
		},
		Spec: &batchv1.CronJobSpecArgs{
			Suspend:           pulumi.Bool(true),
			Schedule:          pulumi.String("0 0 1 1 *"), // required
			ConcurrencyPolicy: pulumi.String("Allow"),
			JobTemplate: &batchv1.JobTemplateSpecArgs{
				Spec: &batchv1.JobSpecArgs{
					BackoffLimit:            pulumi.Int(0),
					ActiveDeadlineSeconds:   pulumi.Int(shellSeconds),
					TtlSecondsAfterFinished: pulumi.Int(60),
					Template: &corev1.PodTemplateSpecArgs{
						Metadata: &metav1.ObjectMetaArgs{Labels: objectmeta.Labels(shellApp)},
						Spec:     pod,
					},
				},
			},
		},
	}, w.pod())
	return err
}
