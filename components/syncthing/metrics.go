package syncthing

import (
	_ "embed"
	"strconv"

	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// App is the label of the pods.
const App = app

// MetricsPath is where the metrics are, on ports.SyncthingMetrics. Prometheus goes by the content type, and BusyBox's web server
// by the suffix.
const MetricsPath = "/metrics.txt"

const (
	metricsVolume    = "metrics"
	metricsDirectory = "/metrics"
)

// figuresScript defines what housekeeping.sh calls to write the metrics down.
//
//go:embed files/figures.sh
var figuresScript string

// metrics declares the web server of what housekeeping has written down: a few of Syncthing's metrics, and the files in
// conflict. Syncthing's own are on loopback, beside its whole API.
func (s *Syncthing) metrics() *corev1.ContainerArgs {
	c := podspec.Container("metrics", s.args.Config.Images.Tools, sizing.Helper)
	c.Command = pulumi.ToStringArray([]string{"httpd", "-f", "-p", strconv.Itoa(ports.SyncthingMetrics), "-h", metricsDirectory})
	c.Ports = corev1.ContainerPortArray{
		&corev1.ContainerPortArgs{Name: pulumi.String("metrics"), ContainerPort: pulumi.Int(ports.SyncthingMetrics)},
	}
	// No readiness: the pod is not to leave its Service for want of metrics.
	c.LivenessProbe = podspec.Probe{Period: 10, Timeout: 5, Threshold: 6}.TCP(ports.SyncthingMetrics)
	c.VolumeMounts = corev1.VolumeMountArray{podspec.MountReadOnly(metricsVolume, metricsDirectory)}
	return c
}
