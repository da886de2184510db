// Package endpoint is the public endpoint of a cluster's control plane: what the operator's clients dial, as they dial
// GKE's. It forwards their requests to the API server, which the components and the machines reach directly.
//
// On the way things can go wrong: all packets are dropped while the control plane is lost, and faults hit single requests
// of the Kubernetes provider.
package endpoint
