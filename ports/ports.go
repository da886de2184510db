// Package ports lists the TCP ports of the software, and the two node ports that the load balancer calls.
package ports

const (
	PDClient   = 2379
	PDPeer     = 2380
	TiKV       = 20160
	TiKVStatus = 20180
	TiDB       = 4000
	TiDBStatus = 10080
	Syncthing  = 22000
	// SyncthingMetrics is of what the collector of metrics may see of Syncthing, whose own port for them is on loopback.
	SyncthingMetrics = 8082
	HTTP             = 80
	// Health is the port of the health page, which has its own web server beside WordPress's.
	Health = 8081

	// WordPressNode serves visitors, HealthNode the health checks. They are the same in every region, because a backend
	// service has one port name for all its instance groups, and one health check. They are in Kubernetes' default
	// range, 30000 to 32767.
	WordPressNode = 30080
	HealthNode    = 30081
)

// BetweenRegions are the ports on which one region's pods call another's: PD's clients and peers, TiKV's clients and
// peers, and Syncthing. TiDB is called in its own region only, and the status ports by the local kubelet only.
func BetweenRegions() []int {
	return []int{PDClient, PDPeer, TiKV, Syncthing}
}
