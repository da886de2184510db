package times

import "time"

// Verb is what is done with a resource.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Update Verb = "update"
	Delete Verb = "delete"
)

// entry is how long a resource takes to be created, updated and deleted.
type entry struct{ create, update, delete time.Duration }

const (
	s = time.Second
	m = time.Minute
)

// What Google's operations take, by the engine's name of the type. The figures are from the logs of Terraform that
// people publish (the provider that Pulumi's is made of, which asks every 10 s whether an operation has ended: hence the
// many 11 and 22 s), read in public repositories in 2026; where several were found, the range stands beside the figure.
// "Estimate" says that none was found.
var google = map[string]entry{
	// 28 s for compute.googleapis.com. Off again is never asked for (disableOnDestroy).
	"gcp:projects/service:Service": {28 * s, 5 * s, 0},
	// 22 s (four logs); destroyed in 11 to 31 s.
	"gcp:compute/network:Network": {22 * s, 11 * s, 21 * s},
	// 19 to 23 s with secondary ranges; destroyed in 11 to 14 s.
	"gcp:compute/subnetwork:Subnetwork": {22 * s, 11 * s, 12 * s},
	// 12 to 22 s; destroyed in 13 s.
	"gcp:compute/router:Router": {12 * s, 12 * s, 13 * s},
	// 11, 12, 12 and 23 s; destroyed in 4 and 17 s.
	"gcp:compute/routerNat:RouterNat": {12 * s, 12 * s, 11 * s},
	// 11, 12, 12 and 22 s; destroyed in 11 s.
	"gcp:compute/firewall:Firewall": {12 * s, 12 * s, 11 * s},
	// Estimate: one operation, found done at the first or the second look.
	"gcp:compute/disk:Disk": {11 * s, 11 * s, 11 * s},
	// 8 s for a binding of a role; an account is made at once, and read again until it is seen everywhere (estimate).
	"gcp:serviceaccount/account:Account": {10 * s, 2 * s, 2 * s},
	"gcp:projects/iAMMember:IAMMember":   {8 * s, 8 * s, 8 * s},
	// Zonal ones: 3m33s, 3m34s and 3m44s in the demos of GKE's own team, without the default pool's removal;
	// regional ones 4m32s, 5m25s, 6m43s and 9m22s. With the removal (a minute and more), and private: 6m.
	// Destroyed in 2m44s, 3m9s, 3m40s and 8m15s.
	"gcp:container/cluster:Cluster": {6 * m, 2 * m, 3*m + 9*s},
	// 1m4s, 1m22s, 1m46s and 1m56s. Deleted with its machines: estimate, of the same order (one log says 10 s, without
	// their shutdown).
	"gcp:container/nodePool:NodePool": {1*m + 34*s, 3 * m, 1*m + 30*s},
	// Estimate: a read and a write of the group, one operation.
	"gcp:compute/instanceGroupNamedPort:InstanceGroupNamedPort": {11 * s, 11 * s, 11 * s},
	// 17 s; released in 11 s.
	"gcp:compute/globalAddress:GlobalAddress": {12 * s, 12 * s, 11 * s},
	// Created: estimate; destroyed in 11 s.
	"gcp:compute/healthCheck:HealthCheck": {11 * s, 11 * s, 11 * s},
	// Created in 30 to 60 s (estimate); destroyed in 1m3s and 1m44s.
	"gcp:compute/backendService:BackendService": {43 * s, 22 * s, 1*m + 3*s},
	// Created: estimate, as the proxy; destroyed in 11 s.
	"gcp:compute/uRLMap:URLMap": {11 * s, 11 * s, 11 * s},
	// 11 s, twice; destroyed in 11 s.
	"gcp:compute/targetHttpProxy:TargetHttpProxy":   {11 * s, 11 * s, 11 * s},
	"gcp:compute/targetHttpsProxy:TargetHttpsProxy": {11 * s, 11 * s, 11 * s},
	// Made at once, and provisioned when the domain points here, which nothing waits for. Estimate.
	"gcp:compute/managedSslCertificate:ManagedSslCertificate": {11 * s, 11 * s, 11 * s},
	// 22 s, twice; destroyed in 22 s (estimate).
	"gcp:compute/globalForwardingRule:GlobalForwardingRule": {22 * s, 22 * s, 22 * s},
}

// request is what a request to a Kubernetes API takes across the Internet and through admission. Estimate.
const request = 300 * time.Millisecond

// What the workloads take from their object's creation to their readiness: the scheduler, the volume, the images, the
// software's own start, the probes' periods. By the last part of the workload's name. The images' sizes are those of
// their registry (compressed: PD 60 MB, TiKV 130 MB, TiDB 80 MB, WordPress 230 MB, Syncthing 12 MB, NFS provisioner
// 100 MB, tools 2 to 5 MB); GKE's machines pull and unpack some 30 MB a second (estimate), and attaching a disk takes
// some 15 s (estimate: GKE's documentation names no figure, and Kubernetes' attach controller looks every few seconds).
var workloads = map[string]time.Duration{
	"pd":                25 * s, // disk, pull, listens
	"tikv":              35 * s, // disk, pull, joins PD, asks for its regions
	"tidb":              25 * s, // no disk; pull, bootstrap by the first
	"nfs":               30 * s, // disk, pull
	"syncthing":         15 * s, // the same disk; pull
	"wordpress":         35 * s, // NFS, a large image, the health page
	"gate":              10 * s, // a small image; nothing to wait for in a first update
	"database-init":     15 * s, // the WordPress image again
	"wordpress-install": 15 * s,
	"claim":             5 * s, // of a volume that is there: the controller's loop
}
