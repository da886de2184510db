// Package endpoint is the public endpoint of a cluster's control plane: the operator's clients dial it, as they dial
// GKE's. It forwards their requests to the API server, which the components and the machines reach directly.
//
// It also simulates failures: it drops all packets while the control plane is lost, and injects faults into single
// requests of the Kubernetes provider.
package endpoint
