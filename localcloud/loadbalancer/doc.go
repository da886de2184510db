// Package loadbalancer is the data path of Google's global external Application Load Balancers. It listens on the
// addresses of the forwarding rules, follows proxy, URL map and backend service to the instances, and sends each
// request to the node port of an instance that the declared health check finds healthy, from the addresses of Google's
// front ends. Where Cloud CDN is enabled, it keeps their answers, by the rules of Google's overview of caching. It reads
// the declared resources again whenever they change.
//
// It does not model where visitors are: it assumes that they are spread over the world, so that each region is the
// nearest one for a share of them in proportion to its capacity.
//
// Figures and responses that no declared resource gives come from Google's documentation of request distribution,
// timeouts, retries and health checks; where that gives none, from Envoy, on which EXTERNAL_MANAGED is built.
package loadbalancer
