package compute

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func urlMap() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/uRLMap:URLMap", Title: "UrlMap", Noun: "url_map", Service: api.Compute, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"defaultService": schema.String(schema.Ref(api.BackendServices)),
			"defaultUrlRedirect": schema.ObjectOf(schema.Fields{
				"httpsRedirect": schema.Bool(schema.Required, schema.Only(true, "it redirects to HTTPS and nowhere else")),
				"redirectResponseCode": schema.String(schema.Only("MOVED_PERMANENTLY_DEFAULT",
					"it redirects permanently")),
				"stripQuery": schema.Bool(schema.Required, schema.Only(false, "it keeps the query")),
			}),
		},
		Outputs: []string{"creationTimestamp", "fingerprint", "selfLink"},
		ID:      api.MemberID(api.URLMaps),
		Check: func(in api.Object) []plugin.CheckFailure {
			if in.Has("defaultService") == in.Has("defaultUrlRedirect") {
				return []plugin.CheckFailure{api.Failure("defaultService", "one of defaultService and defaultUrlRedirect "+
					"must be given, and not both")}
			}
			return nil
		},
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			r.Outputs["fingerprint"] = api.Fingerprint(r.Inputs)
			r.FillPlain()
			return nil
		},
	}
}
