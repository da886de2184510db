// Package compute declares the resource types of Compute Engine: networks, disks, and the parts of the global external
// Application Load Balancer.
package compute

import "geo-wordpress/localcloud/gcp/api"

// Kinds are the resource types.
func Kinds() []*api.Kind {
	return []*api.Kind{network(), subnetwork(), router(), routerNAT(), firewall(), disk(), resourcePolicy(),
		diskResourcePolicyAttachment(),
		globalAddress(), healthCheck(), instanceGroupNamedPort(), securityPolicy(), backendService(), urlMap(), targetHTTPProxy(),
		targetHTTPSProxy(), managedSSLCertificate(), sslPolicy(), globalForwardingRule()}
}
