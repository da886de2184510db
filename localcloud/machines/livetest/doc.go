// Package livetest tests the machines on real control planes: Kubernetes's scheduler, controllers and API server judge
// the work of the simulated kubelets.
package livetest
