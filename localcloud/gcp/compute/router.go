package compute

import (
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func router() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/router:Router", Title: "Router", Noun: "router", Service: api.Compute, Scope: api.Regional,
		Naming:  api.ComputeNames,
		Fields:  schema.Fields{"network": schema.String(schema.Required, schema.ForceNew, schema.Ref(api.Networks))},
		Outputs: []string{"creationTimestamp", "selfLink"},
		ID:      api.MemberID(api.Routers),
	}
}
