package wordpress

import (
	"strconv"

	"geo-wordpress/components/internal/autoscaler"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployment declares the pods: WordPress, and beside it the health page. Only wp-content is on the shared volume:
// WordPress itself stays in the image and follows its tag.
func (w *WordPress) deployment(ctx *pulumi.Context) error {
	server := podspec.Container(app, w.args.Config.Images.WordPress, sizing.WordPress)
	server.Command, server.Args = start("docker-entrypoint.sh", "apache2-foreground")
	server.Env = append(w.environment(), w.sender()...)
	server.Ports = corev1.ContainerPortArray{
		&corev1.ContainerPortArgs{Name: pulumi.String("http"), ContainerPort: pulumi.Int(ports.HTTP)},
	}
	// The first start copies the image's themes and plugins to the shared volume. Then the probe loads WordPress with
	// its plugins. No other check does, and a rollout must not go on with an image that ends in a fatal error. Ten
	// minutes and more outlast an election, and a database that starts at the same time.
	server.StartupProbe = podspec.Probe{Period: 5, Timeout: 10, Threshold: 120}.HTTP(ports.HTTP, startPath)
	// The health page decides readiness. A probe of this port would fail during an election, when requests that wait
	// for the database fill the connection queue. Liveness does not depend on the database: restarting WordPress does
	// not repair it.
	server.LivenessProbe = alive(ports.HTTP)
	server.Lifecycle = stop("sleep " + strconv.Itoa(stopSeconds))
	server.VolumeMounts = append(w.core(),
		podspec.MountFile("config", "startz.php", documentRoot+startPath),
		podspec.Mount("wp-content", documentRoot+"/wp-content"),
		podspec.MountFile("config", "apache.conf", "/etc/apache2/conf-enabled/zz-geo-wordpress.conf"),
		podspec.Mount("apache", "/run/apache2"),
		podspec.Mount("apache", "/run/lock/apache2"),
	)
	pod := w.podSpec(server, w.health())
	pod.TerminationGracePeriodSeconds = pulumi.Int(stopSeconds + loadbalancer.RequestSeconds)
	pod.TopologySpreadConstraints = podspec.Spread(app)
	pod.Volumes = append(w.volumes(),
		podspec.FromClaim("wp-content", w.args.Files.Claim),
		podspec.Scratch("apache", "16Mi"),
		podspec.Scratch(healthContainer, "16Mi"),
	)
	options := []pulumi.ResourceOption{w.pod()}
	if w.args.Config.Growth.WordPress > 0 {
		options = append(options, autoscaler.Own())
	}
	deployment, err := appsv1.NewDeployment(ctx, w.name, &appsv1.DeploymentArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(app),
			Namespace:   w.args.Namespace.Name,
			Labels:      objectmeta.Labels(app),
			Annotations: objectmeta.Counted(w.args.Config.Growth.WordPress > 0),
		},
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(w.args.Config.Replicas.WordPress),
			Selector: objectmeta.Selector(app),
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type: pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{
					MaxSurge:       pulumi.Int(1),
					MaxUnavailable: pulumi.Int(0),
				},
			},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{
					Labels: objectmeta.Labels(app),
					// A change of the file server rolls the pods too; the next region waits for their readiness.
					Annotations: pulumi.StringMap{"geo-wordpress/file-server": w.args.Files.Fingerprint},
				},
				Spec: pod,
			},
		},
	}, options...)
	if err != nil {
		return err
	}
	w.Serves = deployment
	if err := w.growth(ctx); err != nil {
		return err
	}
	_, err = policyv1.NewPodDisruptionBudget(ctx, w.name, &policyv1.PodDisruptionBudgetArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(app),
			Namespace:   w.args.Namespace.Name,
			Annotations: objectmeta.Unawaited(),
		},
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1),
			Selector:       objectmeta.Selector(app),
		},
	}, w.args.Cluster.Object(w))
	return err
}

// podSpec is common to all pods of the image. They run as the image's www-data, not as root. A sysctl that Kubernetes
// considers safe lets www-data listen on port 80.
func (w *WordPress) podSpec(containers ...corev1.ContainerInput) *corev1.PodSpecArgs {
	security := podspec.User(podspec.WWWData)
	security.FsGroup = nil // the shared volume is NFS; its files are www-data's already
	security.FsGroupChangePolicy = nil
	security.Sysctls = corev1.SysctlArray{&corev1.SysctlArgs{
		Name:  pulumi.String("net.ipv4.ip_unprivileged_port_start"),
		Value: pulumi.String("0"),
	}}
	return &corev1.PodSpecArgs{
		SecurityContext:              security,
		PriorityClassName:            w.args.Priority.WordPress,
		AutomountServiceAccountToken: pulumi.Bool(false),
		EnableServiceLinks:           pulumi.Bool(false),
		// By default the resolver retries a lost query after five seconds, which is also the health check's timeout.
		DnsConfig: &corev1.PodDNSConfigArgs{Options: corev1.PodDNSConfigOptionArray{
			&corev1.PodDNSConfigOptionArgs{Name: pulumi.String("timeout"), Value: pulumi.String("1")},
			&corev1.PodDNSConfigOptionArgs{Name: pulumi.String("attempts"), Value: pulumi.String("3")},
		}},
		Containers: corev1.ContainerArray(containers),
	}
}

// documentRoot is Apache's, startPath the startup probe's page in it.
const (
	documentRoot = "/var/www/html"
	startPath    = "/startz.php"
)

// startScriptPath is where start.sh is mounted.
const startScriptPath = "/etc/geo-wordpress/start.sh"

// start is the command line that copies WordPress into place and then runs a command of the image.
func start(command ...string) (entrypoint, arguments pulumi.StringArray) {
	return pulumi.ToStringArray([]string{"sh", startScriptPath}), pulumi.ToStringArray(command)
}

// core are the mounts of every pod that runs WordPress: a place for the image's copy of its code, the script that
// copies it, PHP's settings, and the plugins. Without the plugins WordPress cannot count rows in TiDB, runs its events
// in every region, updates itself in one pod only, and sends no mail.
func (w *WordPress) core() corev1.VolumeMountArray {
	mounts := corev1.VolumeMountArray{
		podspec.Mount("html", documentRoot),
		podspec.Mount("tmp", "/tmp"),
		podspec.MountFile("config", "start.sh", startScriptPath),
		podspec.MountFile("config", "php.ini", "/usr/local/etc/php/conf.d/zz-geo-wordpress.ini"),
		podspec.MountFile("config", "database-ca.crt", authorityPath),
		podspec.MountFile("config", "lock.php", "/etc/geo-wordpress/lock.php"),
		podspec.MountFile("config", "visitor.php", "/etc/geo-wordpress/visitor.php"),
		podspec.MountFile("config", "visitor-db.php", "/etc/geo-wordpress/visitor-db.php"),
		podspec.MountFile("config", "geo-tidb.php", "/etc/geo-wordpress/mu-plugins/geo-tidb.php"),
		podspec.MountFile("config", "geo-cron.php", "/etc/geo-wordpress/mu-plugins/geo-cron.php"),
		podspec.MountFile("config", "geo-core.php", "/etc/geo-wordpress/mu-plugins/geo-core.php"),
		podspec.MountFile("config", "geo-options.php", "/etc/geo-wordpress/mu-plugins/geo-options.php"),
		podspec.MountFile("config", "geo-mail.php", "/etc/geo-wordpress/mu-plugins/geo-mail.php"),
	}
	if w.args.Config.Staging {
		mounts = append(mounts, podspec.MountFile("config", "geo-staging.php", "/etc/geo-wordpress/mu-plugins/geo-staging.php"))
	}
	if w.args.Config.CDN {
		mounts = append(mounts, podspec.MountFile("config", "visitor-cache.php", "/etc/geo-wordpress/visitor-cache.php"))
	}
	return mounts
}

// volumes are the volumes behind core.
func (w *WordPress) volumes() corev1.VolumeArray {
	return corev1.VolumeArray{
		podspec.Scratch("html", "512Mi"),
		podspec.Scratch("tmp", strconv.Itoa(sizing.WordPressTmpMiB)+"Mi"), // uploads and pictures in progress
		podspec.FromConfigMap("config", w.config.Metadata.Name()),
	}
}
