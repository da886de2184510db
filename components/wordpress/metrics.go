package wordpress

import _ "embed"

// App is the label of the pods.
const App = app

// MetricsPath is the page of metrics, on ports.Health. Nothing outside the cluster reaches it.
const MetricsPath = "/metrics.php"

//go:embed files/metrics.php.tmpl
var metricsPage string
