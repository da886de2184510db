package wordpress

import (
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// healthContainer is the name of the health page's container, its scratch volume and its port.
const healthContainer = "health"

// Where the health page's web server finds what it is to do; health.conf names the directory of the page, and the page
// where it looks for the shared volume.
const (
	healthConfig    = "/etc/geo-wordpress/health.conf"
	healthDirectory = "/etc/geo-wordpress/health"
	healthFiles     = "/wp-content"
)

// health declares the container of the health page: the image's Apache and PHP with a configuration of their own, and
// nothing of WordPress. WordPress's processes may all wait for the database while it elects leaders; this page must
// then still answer, or the load balancer would take every region out for the loss of one.
func (w *WordPress) health() *corev1.ContainerArgs {
	c := podspec.Container(healthContainer, w.args.Config.Images.WordPress, regions.Sizes.Health)
	// Without the image's entrypoint, which would copy WordPress.
	c.Command = pulumi.ToStringArray([]string{"sh", "-c", "rm -f " + stopping + "; exec apache2-foreground -f " + healthConfig})
	c.Env = w.database()
	c.Ports = corev1.ContainerPortArray{
		&corev1.ContainerPortArgs{Name: pulumi.String(healthContainer), ContainerPort: pulumi.Int(regions.HealthPort)},
	}
	// The page says 503 until WordPress's server has started, and is not asked before.
	c.StartupProbe = podspec.Probe{Period: 5, Timeout: 5, Threshold: 60}.TCP(regions.HTTPPort)
	// Later than the load balancer's: a pod that is not ready has no port on its machine, and what comes until the load
	// balancer has noticed would fail.
	c.ReadinessProbe = podspec.Probe{Period: 5, Timeout: 6, Threshold: 4}.HTTP(regions.HealthPort, loadbalancer.HealthPath+"?ready")
	// Never what the page says: no restart mends that.
	c.LivenessProbe = alive(regions.HealthPort)
	c.Lifecycle = warnAndStop()
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.MountFile("config", "health.conf", healthConfig),
		podspec.MountFile("config", "healthz.php", healthDirectory+loadbalancer.HealthPath),
		podspec.MountReadOnly("wp-content", healthFiles),
		podspec.Mount(healthContainer, "/tmp"), // the lock of PHP's OPcache, and the page's last read
		podspec.Mount(healthContainer, "/run/apache2"),
		podspec.Mount(healthContainer, "/run/lock/apache2"),
	}
	return c
}
