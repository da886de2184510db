package iam

import (
	"regexp"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// Google enables the services that a service needs along with it. Here a program must request each one, so that it
// states everything it needs.
func service() *api.Kind {
	return &api.Kind{
		Token: "gcp:projects/service:Service", Title: "Project Service", Noun: "service", Adopts: true,
		Fields: schema.Fields{
			"service": schema.String(schema.Required, schema.ForceNew, schema.Matches(
				regexp.MustCompile(`^[a-z0-9-]+\.googleapis\.com$`), "a service is named like compute.googleapis.com")),
			"disableOnDestroy": schema.Bool(schema.Required, schema.Only(false,
				"a project outlives its stack, and others may use its services")),
		},
		ID:    func(at api.Location, in api.Object) string { return at.Project + "/" + in.Str("service") },
		Admit: func(t *api.Tx, r, _ *api.Record) error { return t.Enable(r.Project, r.Outputs.Str("service")) },
	}
}
