package compute

import (
	"fmt"
	"regexp"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func managedSSLCertificate() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/managedSslCertificate:ManagedSslCertificate", Title: "ManagedSslCertificate",
		Noun: "ssl_certificate", Service: api.Compute, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"managed": schema.ObjectOf(schema.Fields{
				"domains": schema.ListOf(schema.String(schema.CheckString(checkDomain), schema.Same(sameDomain)),
					schema.Required, schema.ForceNew, schema.MinItems(1), schema.MaxItems(100)),
			}, schema.Required, schema.ForceNew),
		},
		// Google's API also returns the certificate's expiry and names, once the domain's DNS points to the load
		// balancer, which never happens here.
		Outputs: []string{"creationTimestamp", "selfLink"},
		ID:      api.MemberID(api.SSLCertificates),
	}
}

var domainPattern = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func checkDomain(d string) error {
	name := strings.TrimSuffix(d, ".")
	if len(name) > 253 || !domainPattern.MatchString(name) {
		return fmt.Errorf("%q is not a domain name such as www.example.com", d)
	}
	return nil
}

func sameDomain(a, b string) bool { return strings.TrimSuffix(a, ".") == strings.TrimSuffix(b, ".") }
