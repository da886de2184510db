// Package machines simulates the machines of GKE node pools and the kubelets on them, for several clusters at once.
//
// The clusters' control planes are real: the scheduler places pods on these nodes, the attach-detach controller asks for
// disks, the node-lifecycle controller watches the heartbeats. What is simulated is what only a machine can do. The
// simulator reads pods and their volumes as a kubelet does, and reports statuses, conditions and events as one; it
// attaches disks as the CSI attacher does, and provisions NFS claims as the nfs-provisioner in a pod would. Containers
// run models of their software (package software) over a model of the network (package vpc). It knows nothing of what
// is deployed on it.
//
// Time. The machines' own work is faster than real machines by Options.Speed: pulling images, starting programs, probe
// delays and periods, back-offs, grace periods. Failure thresholds are counts and stay as declared. Timestamps, leases
// and the control planes run in real time.
//
// Failures. A machine that is lost stops at once, and its kubelet with it; see Simulator.SetFailures.
//
// State. Whatever outlives the process is in the API servers: nodes, the pods' statuses, attachments. On a restart the
// same machines go on with the same containers.
package machines
