package compute

import (
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func targetHTTPProxy() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/targetHttpProxy:TargetHttpProxy", Title: "TargetHttpProxy", Noun: "target_http_proxy",
		Service: api.Compute, Naming: api.ComputeNames,
		Fields:  schema.Fields{"urlMap": schema.String(schema.Required, schema.Ref(api.URLMaps))},
		Outputs: []string{"creationTimestamp", "selfLink"},
		ID:      api.MemberID(api.TargetHTTPProxies),
	}
}
