package wordpress

import (
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// healthContainer is the name of the health page's container, its scratch volume and its port.
const healthContainer = "health"

// Paths in the health page's container. health.conf names the page's directory, and the page names the mount of the
// shared volume.
const (
	healthConfig    = "/etc/geo-wordpress/health.conf"
	healthDirectory = "/etc/geo-wordpress/health"
	healthFiles     = "/wp-content"
)

// health declares the container of the health page: the image's Apache and PHP with their own configuration, without
// WordPress. While the database elects leaders, all of WordPress's processes may wait for it. The page must still
// answer, or the load balancer would remove every region for the loss of one.
func (w *WordPress) health() *corev1.ContainerArgs {
	c := podspec.Container(healthContainer, w.args.Config.Images.WordPress, sizing.Health)
	// Skips the image's entrypoint, which would copy WordPress.
	c.Command = pulumi.ToStringArray([]string{"sh", "-c", "rm -f " + stopping + "; exec apache2-foreground -f " + healthConfig})
	c.Env = append(w.database(), podspec.Env("REGION", pulumi.String(w.args.Region.Name)))
	c.Ports = corev1.ContainerPortArray{
		&corev1.ContainerPortArgs{Name: pulumi.String(healthContainer), ContainerPort: pulumi.Int(ports.Health)},
	}
	// The page returns 503 until WordPress's server has started; the other probes begin after that.
	c.StartupProbe = podspec.Probe{Period: 5, Timeout: 5, Threshold: 60}.TCP(ports.HTTP)
	// Slower than the load balancer's check: the node port of a pod that is not ready is closed, and requests would
	// fail until the load balancer notices.
	c.ReadinessProbe = podspec.Probe{Period: 5, Timeout: 6, Threshold: 4}.HTTP(ports.Health, loadbalancer.HealthPath+"?ready")
	// A TCP probe, not the page: no restart repairs what the page reports.
	c.LivenessProbe = alive(ports.Health)
	c.Lifecycle = warnAndStop()
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.MountFile("config", "health.conf", healthConfig),
		podspec.MountFile("config", "healthz.php", healthDirectory+loadbalancer.HealthPath),
		podspec.MountFile("config", "leaderz.php", healthDirectory+loadbalancer.LeaderPath),
		podspec.MountFile("config", "metrics.php", healthDirectory+MetricsPath),
		podspec.MountFile("config", "database-ca.crt", authorityPath),
		podspec.MountReadOnly("wp-content", healthFiles),
		podspec.Mount(healthContainer, "/tmp"), // the lock of PHP's OPcache, and the page's last read
		podspec.Mount(healthContainer, "/run/apache2"),
		podspec.Mount(healthContainer, "/run/lock/apache2"),
	}
	return c
}
