package iam

import (
	"regexp"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func member() *api.Kind {
	return &api.Kind{
		Token: "gcp:projects/iAMMember:IAMMember", Title: "IAM Member", Noun: "policy", Adopts: true,
		Fields: schema.Fields{
			"member": schema.String(schema.Required, schema.ForceNew, schema.Matches(
				regexp.MustCompile(`^(user|serviceAccount|group):[^@\s]+@[^@\s]+$`),
				"a member is user:, serviceAccount: or group: with an e-mail address")),
			"project": schema.String(schema.Required, schema.ForceNew, api.ProjectID),
			"role": schema.String(schema.Required, schema.ForceNew, schema.Matches(
				regexp.MustCompile(`^(roles/|(projects|organizations)/[a-z0-9:.-]+/roles/)[A-Za-z0-9_.]+$`),
				"a role is roles/NAME, or projects/PROJECT/roles/NAME or organizations/ORG/roles/NAME")),
		},
		Outputs: []string{"etag"},
		ID: func(at api.Location, in api.Object) string {
			return strings.Join([]string{at.Project, in.Str("role"), in.Str("member")}, "/")
		},
		Admit: func(t *api.Tx, r, _ *api.Record) error {
			if email, is := strings.CutPrefix(r.Outputs.Str("member"), "serviceAccount:"); is {
				if err := RequireAccount(t, r.Project, email); err != nil {
					return err
				}
			}
			// The real etag covers the whole policy and changes with every other member. With an etag per member, a refresh
			// reports no drift.
			r.Outputs.Fill("etag", api.Fingerprint(r.ID))
			return nil
		},
	}
}
