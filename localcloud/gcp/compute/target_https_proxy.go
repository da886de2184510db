package compute

import (
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const httpsProxyType = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"

func targetHTTPSProxy() *api.Kind {
	return &api.Kind{
		Token: httpsProxyType, Title: "TargetHttpsProxy", Noun: "target_https_proxy", Service: api.Compute,
		Naming: api.ComputeNames,
		Fields: schema.Fields{
			"urlMap": schema.String(schema.Required, schema.Ref(api.URLMaps)),
			"sslCertificates": schema.ListOf(schema.String(schema.Ref(api.SSLCertificates)), schema.Required,
				schema.MinItems(1), schema.MaxItems(15)),
		},
		Outputs: []string{"creationTimestamp", "selfLink"},
		ID:      api.MemberID(api.TargetHTTPSProxies),
	}
}
