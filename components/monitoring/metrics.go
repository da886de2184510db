package monitoring

import (
	"slices"
	"strings"

	"geo-wordpress/components/syncthing"
	"geo-wordpress/components/tidb"
	"geo-wordpress/components/wordpress"
	"geo-wordpress/ports"
)

// target is what is collected from an application's pods. Its job, the label by which queries tell targets apart, is App.
type target struct {
	App  string
	Port int
	Path string
	// Metrics are the names of the metrics that are kept. Google bills by the sample, and PD, TiKV and TiDB have thousands of
	// series each; alerts and the dashboard need a few.
	Metrics []string
}

// Targets of the database's namespace, of the files' and of WordPress's.
var (
	databaseTargets = []target{
		{tidb.PD, ports.PDClient, "/metrics", []string{
			"etcd_server_has_leader", "pd_cluster_status", "pd_regions_status", "process_resident_memory_bytes",
		}},
		{tidb.TiKV, ports.TiKVStatus, "/metrics", []string{
			"process_resident_memory_bytes", "tikv_raftstore_region_count", "tikv_store_size_bytes",
		}},
		{tidb.TiDB, ports.TiDBStatus, "/metrics", []string{
			// No histogram: the collector keeps one whole or drops it, and TiDB's have hundreds of buckets.
			"process_resident_memory_bytes", "tidb_server_connections", "tidb_server_query_total",
		}},
	}
	filesTargets = []target{{syncthing.App, ports.SyncthingMetrics, syncthing.MetricsPath, []string{
		"geo_wordpress_files_conflicts", "syncthing_connections_active", "syncthing_model_folder_summary",
	}}}
	wordpressTargets = []target{{wordpress.App, ports.Health, wordpress.MetricsPath, []string{
		"geo_wordpress_backup_age_seconds", "geo_wordpress_health_check_seconds", "geo_wordpress_healthy",
		"geo_wordpress_php_busy", "geo_wordpress_php_processes", "geo_wordpress_requests_waiting",
	}}}
)

// kept is the regular expression of the names of the metrics that are kept.
func (t target) kept() string { return strings.Join(slices.Sorted(slices.Values(t.Metrics)), "|") }
