package times

import "time"

// Verb is an operation on a resource.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Update Verb = "update"
	Delete Verb = "delete"
)

// entry holds the durations of a resource's creation, update and deletion.
type entry struct{ create, update, delete time.Duration }

const (
	s = time.Second
	m = time.Minute
)

// google holds the durations of Google's operations by resource type. The figures are from published Terraform logs (of
// the provider that Pulumi's is built on, which polls operations every 10 s: hence the many 11 and 22 s), read in
// public repositories in 2026; where several were found, the range is given with the figure. "Estimate" means that none
// was found.
var google = map[string]entry{
	// 28 s for compute.googleapis.com. Services are never disabled (disableOnDestroy).
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
	// Estimate: one operation, done at the first or second poll.
	"gcp:compute/disk:Disk": {11 * s, 11 * s, 11 * s},
	// Created: estimate, as the disk. The attachment: 12 s; the rest is an estimate.
	"gcp:compute/resourcePolicy:ResourcePolicy":                             {11 * s, 11 * s, 11 * s},
	"gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment": {12 * s, 12 * s, 11 * s},
	// 1 s. Updated and destroyed without its objects: estimate.
	"gcp:storage/bucket:Bucket": {1 * s, 1 * s, 1 * s},
	// Estimate: the provider reads the policy, writes it, and then waits 3 s to see it three times.
	"gcp:storage/bucketIAMMember:BucketIAMMember": {4 * s, 4 * s, 4 * s},
	"gcp:serviceaccount/iAMMember:IAMMember":      {4 * s, 4 * s, 4 * s},
	// 8 s for a role binding; an account is created at once, and polled until it is visible everywhere (estimate).
	"gcp:serviceaccount/account:Account": {10 * s, 2 * s, 2 * s},
	// 1 to 3 s: one request each. Estimate.
	"gcp:monitoring/alertPolicy:AlertPolicy":                 {2 * s, 2 * s, 1 * s},
	"gcp:monitoring/dashboard:Dashboard":                     {1 * s, 1 * s, 1 * s},
	"gcp:monitoring/notificationChannel:NotificationChannel": {2 * s, 2 * s, 1 * s},
	"gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig":     {2 * s, 2 * s, 1 * s},
	"gcp:projects/iAMMember:IAMMember":                       {8 * s, 8 * s, 8 * s},
	// Zonal clusters: 3m33s, 3m34s and 3m44s in the GKE team's own demos, without removal of the default pool; regional
	// ones: 4m32s, 5m25s, 6m43s and 9m22s. Private and with the removal (a minute or more): 6m. Destroyed in 2m44s,
	// 3m9s, 3m40s and 8m15s.
	"gcp:container/cluster:Cluster": {6 * m, 2 * m, 3*m + 9*s},
	// 1m4s, 1m22s, 1m46s and 1m56s. Deletion with its machines: estimate, of the same order (one log says 10 s, without
	// their shutdown).
	"gcp:container/nodePool:NodePool": {1*m + 34*s, 3 * m, 1*m + 30*s},
	// Estimate: a read and a write of the group, one operation.
	"gcp:compute/instanceGroupNamedPort:InstanceGroupNamedPort": {11 * s, 11 * s, 11 * s},
	// 17 s; released in 11 s.
	"gcp:compute/globalAddress:GlobalAddress": {12 * s, 12 * s, 11 * s},
	// Created: estimate; destroyed in 11 s.
	"gcp:compute/healthCheck:HealthCheck": {11 * s, 11 * s, 11 * s},
	// Estimate: one operation; an update takes one for each rule, one after another, and usually changes three.
	"gcp:compute/securityPolicy:SecurityPolicy": {11 * s, 33 * s, 11 * s},
	// Created in 30 to 60 s (estimate); destroyed in 1m3s and 1m44s.
	"gcp:compute/backendService:BackendService": {43 * s, 22 * s, 1*m + 3*s},
	// Created: estimate, as the proxy; destroyed in 11 s.
	"gcp:compute/uRLMap:URLMap": {11 * s, 11 * s, 11 * s},
	// 11 s, twice; destroyed in 11 s.
	"gcp:compute/targetHttpProxy:TargetHttpProxy":   {11 * s, 11 * s, 11 * s},
	"gcp:compute/targetHttpsProxy:TargetHttpsProxy": {11 * s, 11 * s, 11 * s},
	// Estimates, as the proxy. A certificate exists at once, and is issued after its DNS record is found, which nothing waits
	// for.
	"gcp:compute/sSLPolicy:SSLPolicy":                                {11 * s, 11 * s, 11 * s},
	"gcp:certificatemanager/dnsAuthorization:DnsAuthorization":       {5 * s, 5 * s, 5 * s},
	"gcp:certificatemanager/certificate:Certificate":                 {5 * s, 5 * s, 5 * s},
	"gcp:certificatemanager/certificateMap:CertificateMap":           {5 * s, 5 * s, 5 * s},
	"gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": {11 * s, 11 * s, 11 * s},
	"gcp:dns/recordSet:RecordSet":                                    {5 * s, 5 * s, 5 * s},
	// Created at once, and provisioned when the domain points here, which nothing waits for. Estimate.
	"gcp:compute/managedSslCertificate:ManagedSslCertificate": {11 * s, 11 * s, 11 * s},
	// 22 s, twice; destroyed in 22 s (estimate).
	"gcp:compute/globalForwardingRule:GlobalForwardingRule": {22 * s, 22 * s, 22 * s},
}

// request is the duration of a Kubernetes API request over the Internet, including admission. Estimate.
const request = 300 * time.Millisecond

// workloads holds the times from an object's creation to its readiness: scheduling, volume, image pull, the software's
// own start, probe periods. The function part matches its keys with names. Image sizes are from the registries
// (compressed: PD 60 MB, TiKV 130 MB, TiDB 80 MB, WordPress 230 MB, Syncthing 12 MB, NFS provisioner 100 MB, tools 2 to
// 5 MB); GKE's machines pull and unpack some 30 MB a second (estimate), and attaching a disk takes some 15 s (estimate:
// GKE's documentation gives no figure, and Kubernetes' attach controller polls every few seconds).
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
	"claim":             5 * s, // an existing volume: the controller's loop
}
