// Package machines simulates the machines of GKE node pools and the kubelets on them, for several clusters at once.
//
// The clusters' control planes are real: the scheduler places pods on these nodes, the attach-detach controller
// requests disks, the node-lifecycle controller watches the heartbeats. Only the machines' part is simulated. The
// simulator reads pods and their volumes as a kubelet does, and reports statuses, conditions and events; it attaches
// disks as the CSI attacher does, and provisions NFS claims as the nfs-provisioner in a pod would. Containers run
// models of their software (package software) on a model of the network (package vpc). The simulator knows nothing of
// what is deployed on it.
//
// This package assembles the parts, and owns the loop that runs them and the lock that guards them (Simulator.mu).
//
// Time. The machines' own work is faster than on real machines, by Options.Speed: pulling images, starting programs,
// probe delays and periods, back-offs, grace periods. Failure thresholds are counts and stay as declared. Timestamps,
// leases and the control planes run in real time.
//
// Failures. A lost machine stops at once, and so does its kubelet; see Simulator.SetFailures.
//
// State. All state that outlives the process is in the API servers: nodes, the pods' statuses, attachments. After a
// restart the same machines continue with the same containers.
package machines
