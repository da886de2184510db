// Package kubelet runs declared pods on this machine as a kubelet does. It makes volumes from ConfigMaps, Secrets and
// claims, with Kubernetes' owners and modes. It runs the init containers one after the other, then the containers, with
// their declared command, environment, user, capabilities and read-only root. It probes with the declared timings,
// restarts with back-off when a probe or a process fails, and ends pods with the declared hook and grace period.
//
// A setting that this package does not support is an error, never ignored. The table of substitutions (package
// conformance) lists what it accepts but does not apply: limits of CPU and memory, seccomp profiles, network policies.
package kubelet
