// Package loadbalancer is the data path of Google's global external Application Load Balancers. It listens where the
// forwarding rules say, follows proxy, URL map and backend service to the instances, and sends each request to the
// node port of one that the declared health check finds healthy, from the addresses that Google's front ends have. What
// is declared is read again whenever it changes.
//
// Where visitors are is not known here: they are taken to be spread over the world, so that each region is the nearest
// one for its part of them, by its capacity.
//
// Figures and answers that no declared resource gives are those of Google's documentation of request distribution,
// timeouts, retries and health checks; where it gives none, of Envoy, on which EXTERNAL_MANAGED is built.
package loadbalancer
