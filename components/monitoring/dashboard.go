package monitoring

import (
	"encoding/json"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// chart is one chart of the dashboard: a query in PromQL and what a line stands for.
type chart struct {
	title, query, legend string
}

// charts of the dashboard, the most important ones first. A query is completed by scope.in.
var charts = []chart{
	{"Healthy WordPress pods", `sum by (cluster) (geo_wordpress_healthy{$in})`, "${metric.labels.cluster}"},
	{"The health check's duration (s)", `max by (cluster) (geo_wordpress_health_check_seconds{$in})`, "${metric.labels.cluster}"},
	{"Busy PHP processes (share)", `sum by (cluster) (geo_wordpress_php_busy{$in}) / sum by (cluster) (geo_wordpress_php_processes{$in})`,
		"${metric.labels.cluster}"},
	{"Requests that wait for a PHP process", `sum by (cluster) (geo_wordpress_requests_waiting{$in})`, "${metric.labels.cluster}"},
	{"Placement Drivers that see a leader", `sum by (cluster) (etcd_server_has_leader{$in})`, "${metric.labels.cluster}"},
	{"TiKV stores", `sum by (type) (max by (type, store) (pd_cluster_status{type=~"store_(up|slow|down|disconnected|unhealth|offline)_count",$in}))`,
		"${metric.labels.type}"},
	{"Data with fewer replicas than it should have (regions of TiKV)",
		`max by (type) (pd_regions_status{type=~"(miss|down|pending)-peer-region-count",$in})`, "${metric.labels.type}"},
	{"Statements (per second)", `sum by (cluster) (rate(tidb_server_query_total{$in}[5m]))`, "${metric.labels.cluster}"},
	{"Connections to TiDB", `sum by (cluster) (tidb_server_connections{$in})`, "${metric.labels.cluster}"},
	{"Leaders in TiKV", `sum by (cluster) (tikv_raftstore_region_count{type="leader",$in})`, "${metric.labels.cluster}"},
	{"Free space of TiKV (share)",
		`min by (cluster) (tikv_store_size_bytes{type="available",$in}) / max by (cluster) (tikv_store_size_bytes{type="capacity",$in})`,
		"${metric.labels.cluster}"},
	{"Memory of PD, TiKV and TiDB (bytes)", `max by (cluster, job) (process_resident_memory_bytes{$in})`,
		"${metric.labels.cluster} ${metric.labels.job}"},
	{"Files that a region lacks", `max by (cluster) (syncthing_model_folder_summary{scope="need",type="files",$in})`,
		"${metric.labels.cluster}"},
	{"Files in conflict", `max by (cluster) (geo_wordpress_files_conflicts{$in})`, "${metric.labels.cluster}"},
	{"Connections between the Syncthings", `sum by (cluster) (syncthing_connections_active{$in})`, "${metric.labels.cluster}"},
}

// backupChart is there if there are backups.
var backupChart = chart{"Age of the newest backup (s)", `min(geo_wordpress_backup_age_seconds{$in})`, "age"}

// The dashboard has a grid of columns; a chart takes half of the width.
const (
	columns     = 48
	chartHeight = 16
)

// object is a JSON object.
type object = map[string]any

// dashboard declares the dashboard.
func (m *Monitoring) dashboard(ctx *pulumi.Context) error {
	layout := m.names.ApplyT(func(names []string) (string, error) {
		text, err := json.Marshal(m.layout(scope{regions: m.standing(), clusters: names}))
		return string(text), err
	}).(pulumi.StringOutput)
	_, err := monitoring.NewDashboard(ctx, m.name, &monitoring.DashboardArgs{DashboardJson: layout},
		pulumi.Parent(m), m.args.Project.Ready())
	return err
}

// layout is the dashboard in the form of https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards. It leaves
// out zeros, as Google's answers do: the provider would plan to add them again in every update.
func (m *Monitoring) layout(s scope) object {
	all := charts
	if m.args.Config.Backup != nil {
		all = append([]chart{backupChart}, charts...)
	}
	var tiles []any
	for i, c := range all {
		tile := object{"width": columns / 2, "height": chartHeight, "widget": object{
			"title": c.title,
			"xyChart": object{"dataSets": []any{object{
				"plotType":           "LINE",
				"legendTemplate":     c.legend,
				"minAlignmentPeriod": "60s",
				"timeSeriesQuery":    object{"prometheusQuery": s.in(c.query)},
			}}},
		}}
		if i%2 == 1 {
			tile["xPos"] = columns / 2
		}
		if y := i / 2 * chartHeight; y > 0 {
			tile["yPos"] = y
		}
		tiles = append(tiles, tile)
	}
	return object{
		"displayName":  string(m.title("overview")),
		"mosaicLayout": object{"columns": columns, "tiles": tiles},
	}
}
