package iam

import (
	"fmt"
	"strings"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const accountDomain = ".iam.gserviceaccount.com"

func account() *api.Kind {
	return &api.Kind{
		Token: "gcp:serviceaccount/account:Account", Title: "service account", Noun: "service_account", Service: api.IAM,
		Fields: schema.Fields{
			"accountId": schema.String(schema.Required, schema.ForceNew, schema.Matches(
				googlecloud.ServiceAccountID,
				"6 to 30 lower-case letters, digits and hyphens, from a letter to a letter or digit")),
			"displayName": schema.String(schema.CheckString(func(s string) error {
				if len(s) > 100 {
					return fmt.Errorf("%d bytes are more than the 100 allowed", len(s))
				}
				return nil
			})),
		},
		Outputs: []string{"email", "member", "name", "uniqueId"},
		ID: func(at api.Location, in api.Object) string {
			return accountName(at.Project, in.Str("accountId")+"@"+at.Project+accountDomain)
		},
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			email := api.LastSegment(r.ID)
			r.Outputs.Fill("email", email)
			r.Outputs.Fill("member", "serviceAccount:"+email)
			r.Outputs.Fill("name", r.ID)
			r.Outputs.Fill("uniqueId", api.Digits(21))
			return nil
		},
		Gone: removeMembers,
	}
}

func accountName(project, email string) string {
	return fmt.Sprintf("projects/%s/serviceAccounts/%s", project, email)
}

// computeAccount is the suffix of the Compute default service account's address, after the project number.
const computeAccount = "-compute@developer.gserviceaccount.com"

// RequireAccount returns an error if an e-mail address names a missing service account of the project. It accepts
// accounts of other projects unchecked. The Compute default service account counts as deleted, as in many
// organisations: it can edit the whole project.
func RequireAccount(t *api.Tx, project, email string) error {
	if email == "" || email == "default" {
		number, err := t.ProjectNumber(project)
		if err != nil {
			return err
		}
		email = number + computeAccount
	}
	if strings.HasSuffix(email, computeAccount) {
		return api.BadRequest("Service account %q does not exist.", email)
	}
	if !strings.HasSuffix(email, "@"+project+accountDomain) {
		return nil
	}
	if t.Find(accountName(project, email)) == nil {
		return api.BadRequest("Service account %s does not exist.", email)
	}
	return nil
}
