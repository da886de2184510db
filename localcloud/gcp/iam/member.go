package iam

import (
	"fmt"
	"regexp"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// ProjectMemberType is the token of a member of a project's policy.
const ProjectMemberType = "gcp:projects/iAMMember:IAMMember"

func member() *api.Kind {
	return &api.Kind{
		Token: ProjectMemberType, Title: "IAM Member", Noun: "policy", Adopts: true,
		Fields: schema.Fields{
			"member":  Member(),
			"project": schema.String(schema.Required, schema.ForceNew, api.ProjectID),
			"role":    Role(),
		},
		Outputs: []string{"etag"},
		ID:      func(at api.Location, in api.Object) string { return MemberID(at.Project, in) },
		Admit:   func(t *api.Tx, r, _ *api.Record) error { return AdmitMember(t, r) },
	}
}

// Member is the input for a member of a policy.
func Member() *schema.Field {
	return schema.String(schema.Required, schema.ForceNew, schema.CheckString(func(s string) error {
		if pool, is := strings.CutPrefix(s, "serviceAccount:"); is && pooled.MatchString(pool) {
			return nil
		}
		if !emailed.MatchString(s) {
			return fmt.Errorf("%q is not valid: a member is user:, serviceAccount: or group: with an e-mail address, or "+
				"serviceAccount:PROJECT.svc.id.goog[NAMESPACE/NAME]", s)
		}
		return nil
	}))
}

var emailed = regexp.MustCompile(`^(user|serviceAccount|group):[^@\s]+@[^@\s]+$`)

// Role is the input for a member's role.
func Role() *schema.Field {
	return schema.String(schema.Required, schema.ForceNew, schema.Matches(
		regexp.MustCompile(`^(roles/|(projects|organizations)/[a-z0-9:.-]+/roles/)[A-Za-z0-9_.]+$`),
		"a role is roles/NAME, or projects/PROJECT/roles/NAME or organizations/ORG/roles/NAME"))
}

// AdmitMember checks that a policy's new member exists, and fills in the outputs.
func AdmitMember(t *api.Tx, r *api.Record) error {
	if account, is := strings.CutPrefix(r.Outputs.Str("member"), "serviceAccount:"); is {
		err := RequireAccount(t, r.Project, account)
		if m := pooled.FindStringSubmatch(account); m != nil {
			err = requirePool(t, m[1])
		}
		if err != nil {
			return err
		}
	}
	// The real etag covers the whole policy and changes with every other member. With an etag per member, a refresh
	// reports no drift.
	r.Outputs.Fill("etag", api.Fingerprint(r.ID))
	return nil
}
