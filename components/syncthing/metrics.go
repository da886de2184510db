package syncthing

import (
	_ "embed"
	"strconv"

	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/ports"

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

// figuresScript starts a web server, and defines what housekeeping.sh calls to write the metrics down.
//
//go:embed files/figures.sh
var figuresScript string

// measure makes housekeeping serve metrics: a few of Syncthing's own, which are on loopback beside its whole API, and the number
// of files in conflict.
func (s *Syncthing) measure(housekeeping *corev1.ContainerArgs) {
	housekeeping.Command = pulumi.ToStringArray([]string{"sh", "-ec", figuresScript + housekeepingScript})
	housekeeping.Env = append(housekeeping.Env.(corev1.EnvVarArray),
		podspec.Env("METRICS", pulumi.String(metricsDirectory)),
		podspec.Env("METRICS_PORT", pulumi.String(strconv.Itoa(ports.SyncthingMetrics))),
		podspec.Env("SYNCTHING", pulumi.String("http://"+guiAddress)),
	)
}
