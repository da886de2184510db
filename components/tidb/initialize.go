package tidb

import (
	_ "embed"
	"slices"
	"strconv"

	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/sizing"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

//go:embed files/history.php
var historyPHP string

// Initialize declares the Job that creates the database and WordPress's user, sets root's password, and sets how much history
// TiDB keeps. It runs in one region and is idempotent. It uses WordPress's image, which has PHP with a MySQL client.
//
// The history is in the Job alone. The servers mount the ConfigMap of init.php and the Secret of init.sql: a change there
// would restart all of them.
func (p *Part) Initialize(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	c := podspec.Container(initializer, p.args.Config.Images.WordPress, sizing.Job)
	c.Command = pulumi.ToStringArray([]string{"sh", "-ec", `php /etc/tidb-init/init.php; exec php -r "$1"`, "sh", historyPHP})
	env, mounts := p.initialization("init.sql")
	c.Env = append(env, podspec.Env("DB_HISTORY_HOURS", pulumi.String(strconv.Itoa(p.args.Config.History.DatabaseHours))))
	c.VolumeMounts = mounts
	return p.sqlJob(ctx, initializer, c, p.initVolume("init.sql", "root-password"), after)
}

// initialization are the environment and the mounts of init.php, which runs the statements of a file of the volume "init".
func (p *Part) initialization(file string) (env corev1.EnvVarArray, mounts corev1.VolumeMountArray) {
	env = corev1.EnvVarArray{
		podspec.Env("DB_HOST", pulumi.String(Address(p.args.Config, p.args.Region))),
		podspec.Env("DB_ROOT_PASSWORD_FILE", pulumi.String("/etc/tidb-secret/root-password")),
		podspec.Env("DB_INIT_FILE", pulumi.String("/etc/tidb-secret/"+file)),
		podspec.Env("DB_CA_FILE", pulumi.String(certificatesPath+"/"+authorityKey)),
	}
	mounts = corev1.VolumeMountArray{
		podspec.MountFile("config", "init.php", "/etc/tidb-init/init.php"),
		podspec.MountReadOnly("init", "/etc/tidb-secret"),
		mountCertificates(),
		podspec.Mount("tmp", "/tmp"),
	}
	return env, mounts
}

// sqlJob declares a Job whose container runs statements as root. The volume "init" holds them.
func (p *Part) sqlJob(ctx *pulumi.Context, app string, c *corev1.ContainerArgs, init *corev1.VolumeArgs, after []pulumi.Resource,
) (pulumi.Resource, error) {
	return batchv1.NewJob(ctx, p.name+"-"+app, &batchv1.JobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace:   p.args.Namespace.Name,
			Labels:      objectmeta.Labels(app),
			Annotations: objectmeta.Annotations(),
		},
		Spec: &batchv1.JobSpecArgs{
			BackoffLimit: pulumi.Int(6),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: objectmeta.Labels(app)},
				Spec: &corev1.PodSpecArgs{
					RestartPolicy:                pulumi.String("Never"),
					PriorityClassName:            p.args.Priority.Jobs,
					SecurityContext:              podspec.User(podspec.WWWData),
					AutomountServiceAccountToken: pulumi.Bool(false),
					EnableServiceLinks:           pulumi.Bool(false),
					Containers:                   corev1.ContainerArray{c},
					Volumes: corev1.VolumeArray{
						podspec.FromConfigMap("config", p.config.Metadata.Name()),
						init,
						p.certificates(authorityKey),
						podspec.Scratch("tmp", "64Mi"),
					},
				},
			},
		},
	}, p.args.Cluster.Object(p, pulumi.DependsOn(slices.Concat(p.ready, after))))
}
