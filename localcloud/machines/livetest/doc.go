// Package livetest tests the machines on real control planes: the scheduler, the controllers and the API server of
// Kubernetes judge what the simulated kubelets do.
package livetest
