// Package cloud has the types and interfaces that the packages of the local cloud share. gcp, controlplane, machines and
// loadbalancer do not import one another: they meet in these interfaces.
package cloud

import (
	"context"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/client-go/rest"
)

// Provider creates the provider server for one connection of the Pulumi engine. The engine opens and configures a
// separate connection for every explicit provider instance, so that each instance has its own state in its Provider.
type Provider func() plugin.Provider

// Cluster is a GKE cluster as the parts below the Google API see it.
type Cluster struct {
	// ID is the cluster's resource name, projects/P/locations/L/clusters/N, unique and stable.
	ID string `json:"id"`
	// Project, Location (a zone or a region) and Name are the parts of the ID.
	Project  string `json:"project"`
	Location string `json:"location"`
	Name     string `json:"name"`
	// Network is the resource name of the VPC, projects/P/global/networks/N.
	Network string `json:"network"`
	// DNSDomain is the cluster's DNS domain: cluster.local unless Cloud DNS is set to another.
	DNSDomain string `json:"dnsDomain"`
	// VPCScope says whether the domain's headless Services resolve in the whole VPC (Cloud DNS, VPC_SCOPE).
	VPCScope bool `json:"vpcScope"`
	// NodeLocalDNS says whether NodeLocal DNSCache stands between the pods and Cloud DNS.
	NodeLocalDNS bool `json:"nodeLocalDns,omitempty"`
	// ManagedCollection says whether GKE collects metrics as PodMonitoring objects say.
	ManagedCollection bool `json:"managedCollection,omitempty"`
	// NodeRange, PodRange and ServiceRange are the ranges of the subnetwork that the cluster uses.
	NodeRange    netip.Prefix `json:"nodeRange"`
	PodRange     netip.Prefix `json:"podRange"`
	ServiceRange netip.Prefix `json:"serviceRange"`
}

// Access tells clients how to reach a cluster's control plane.
type Access struct {
	// Endpoint is host:port. (On Google Cloud it is a bare IP address on port 443; here three control planes share one
	// machine, and a port under 1024 would require root.)
	Endpoint string
	// CACertificate is the PEM of the cluster's own certificate authority.
	CACertificate []byte
}

// ControlPlanes runs the Kubernetes control planes behind GKE clusters.
type ControlPlanes interface {
	// Ensure creates the cluster's control plane if missing, starts it if it is down, and returns once its API answers.
	// It is idempotent, and keeps the state and the endpoint of an existing control plane.
	Ensure(ctx context.Context, c Cluster) (Access, error)
	// Delete stops the control plane and removes its state. Deleting a missing one is no error.
	Delete(ctx context.Context, clusterID string) error
	// Config returns the administrator's client configuration.
	Config(clusterID string) (*rest.Config, error)
}

// NodePool is a pool of machines in one zone.
type NodePool struct {
	// ID is the pool's resource name, projects/P/locations/L/clusters/C/nodePools/N.
	ID      string `json:"id"`
	Name    string `json:"name"`
	Cluster string `json:"cluster"` // the cluster's ID
	// Zone of its machines, and the name of their instance group.
	Zone          string `json:"zone"`
	InstanceGroup string `json:"instanceGroup"`
	// MachineType is Compute Engine's name, such as e2-standard-4; Count is how many machines there are.
	MachineType string `json:"machineType"`
	Count       int    `json:"count"`
	// Least and Most limit the pool's autoscaler, which then decides how many machines there are, from Count on. Most is
	// zero without one.
	Least int `json:"least,omitempty"`
	Most  int `json:"most,omitempty"`
	// Tags are the network tags that firewalls target.
	Tags []string `json:"tags"`
	// DiskSizeGB is the boot disk's size in GiB, of which the node offers a part as ephemeral storage.
	DiskSizeGB int `json:"diskSizeGb"`
	// Template stands for a machine's other settings (image, disk type, ...): a different one replaces the machines.
	// Machines without a recorded template count as current.
	Template string `json:"template,omitempty"`
}

// Machines runs the simulated machines of node pools and the pods on them.
type Machines interface {
	// AddCluster starts watching a cluster whose control plane is up. Idempotent.
	AddCluster(ctx context.Context, c Cluster, config *rest.Config) error
	// RemoveCluster forgets a cluster and its pools.
	RemoveCluster(clusterID string)
	// EnsureNodePool brings the pool's machines to p (more or fewer; another type, disk or template by a surge upgrade:
	// a new machine joins, an old one is drained and leaves) and returns when every node is Ready.
	EnsureNodePool(ctx context.Context, p NodePool) error
	// DeleteNodePool drains and removes the pool's machines. Deleting a missing pool is no error.
	DeleteNodePool(ctx context.Context, poolID string) error
	// Instances returns the names of a pool's machines.
	Instances(poolID string) []string
}

// Disk is a persistent disk.
type Disk struct {
	ID     string // projects/P/zones/Z/disks/D, the CSI volume handle
	Zone   string
	SizeGB int
}

// Facts answers the machines' queries about the cloud.
type Facts interface {
	Objects
	// Disk looks up a persistent disk by its CSI volume handle.
	Disk(handle string) (Disk, bool)
	// Admits reports whether the firewalls of a VPC (resource name) admit a packet from an address to a machine with
	// the tags, on a protocol ("tcp", "udp") and port. GKE's own rules for a cluster are included: within one cluster
	// everything is admitted.
	Admits(network string, from netip.Addr, tags []string, protocol string, port int) bool
	// Internet reports whether machines of a cluster reach addresses outside Google: by a Cloud NAT that serves their
	// subnetwork, or by addresses of their own. Google's own registries (*.pkg.dev, gcr.io) only need Private Google
	// Access, but registry.k8s.io and docker.io need this.
	Internet(clusterID string) bool
	// Attach attaches a disk (CSI volume handle) to an instance for reading and writing. It fails if the disk does not
	// exist, is in another zone, or is attached to another instance. Attaching again is no error.
	Attach(handle, instance, zone string) error
	// Detach detaches a disk from an instance. It is no error if the disk is not attached.
	Detach(handle, instance string)
	// Resize enlarges a disk (CSI volume handle) to a size in GiB, unless it is that large, and returns its size.
	Resize(handle string, sizeGB int) (int, error)
}
