// Package kubelet runs declared pods on this machine as a kubelet does: volumes made of ConfigMaps, Secrets and claims
// with the owners and modes that Kubernetes gives them, init containers one after the other, then the containers, with
// their declared command, environment, user, capabilities and read-only root; probes with their declared timings; a
// restart when a probe or a process fails, after the growing pause; and an end with the declared hook and grace.
//
// What a pod asks for and this package does not know is an error, never ignored. What it knows and does not do is in
// the table of substitutions (package conformance): limits of CPU and memory, seccomp profiles, network policies.
package kubelet
