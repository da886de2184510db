package regions

// Ports of the software, and the two node ports that the load balancer calls.
const (
	PDClientPort   = 2379
	PDPeerPort     = 2380
	TiKVPort       = 20160
	TiKVStatusPort = 20180
	TiDBPort       = 4000
	TiDBStatusPort = 10080
	SyncthingPort  = 22000
	HTTPPort       = 80
	// HealthPort is the port of the health page, which has its own web server beside WordPress's.
	HealthPort = 8081

	// WordPressNodePort serves visitors, HealthNodePort the health checks. They are the same in every region, because a
	// backend service has one port name for all its instance groups, and one health check. They are in Kubernetes'
	// default range, 30000 to 32767.
	WordPressNodePort = 30080
	HealthNodePort    = 30081
)

// InterRegionPorts are the TCP ports on which one region's pods call another's: PD's clients and peers, TiKV's clients
// and peers, and Syncthing. TiDB is called in its own region only, and the status ports by the local kubelet only.
func InterRegionPorts() []int {
	return []int{PDClientPort, PDPeerPort, TiKVPort, SyncthingPort}
}
