package syncthing

import (
	_ "embed"
	"fmt"

	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// App is the label of the pods.
const App = app

// MetricsPath is where the metrics are, on ports.SyncthingMetrics. Prometheus goes by the content type. rclone goes by the content
// of a file without a suffix: it says text/plain. The type of .txt it takes from a list that its image does not have.
const MetricsPath = "/metrics"

const (
	metricsVolume    = "metrics"
	metricsDirectory = "/metrics"
)

// figuresScript defines what housekeeping.sh calls to write the metrics down.
//
//go:embed files/figures.sh
var figuresScript string

// measure makes housekeeping write metrics down: a few of Syncthing's own, which are on loopback beside its whole API, and the
// number of files in conflict.
func (s *Syncthing) measure(housekeeping *corev1.ContainerArgs) {
	housekeeping.Command = pulumi.ToStringArray([]string{"sh", "-ec", figuresScript + housekeepingScript})
	housekeeping.Env = append(housekeeping.Env.(corev1.EnvVarArray),
		podspec.Env("METRICS", pulumi.String(metricsDirectory)),
		podspec.Env("SYNCTHING", pulumi.String("http://"+guiAddress)),
	)
}

// serveMetrics serves what housekeeping has written. The image of housekeeping has no web server: httpd is in Alpine's package
// busybox-extras only.
func (s *Syncthing) serveMetrics() *corev1.ContainerArgs {
	c := podspec.Container("metrics", s.args.Config.Images.Rclone, sizing.Metrics)
	c.Command = pulumi.ToStringArray([]string{"rclone", "serve", "http"})
	c.Args = pulumi.ToStringArray([]string{
		fmt.Sprintf("--addr=:%d", ports.SyncthingMetrics),
		"--config=",           // none, and no wish to write one
		"--dir-cache-time=0s", // each minute the file is another one, and rclone is not told
		metricsDirectory,
	})
	alive := podspec.Probe{Period: 10, Timeout: 5, Threshold: 6}.TCP(ports.SyncthingMetrics)
	c.ReadinessProbe, c.LivenessProbe = alive, alive
	c.Ports = corev1.ContainerPortArray{
		&corev1.ContainerPortArgs{Name: pulumi.String("metrics"), ContainerPort: pulumi.Int(ports.SyncthingMetrics)},
	}
	c.VolumeMounts = corev1.VolumeMountArray{podspec.MountReadOnly(metricsVolume, metricsDirectory)}
	return c
}
