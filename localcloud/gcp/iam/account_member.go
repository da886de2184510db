package iam

import (
	"regexp"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const (
	accountMemberType    = "gcp:serviceaccount/iAMMember:IAMMember"
	workloadIdentityUser = "roles/iam.workloadIdentityUser"
)

// accountMember is a member of a service account's own policy: who may act as the account.
func accountMember() *api.Kind {
	return &api.Kind{
		Token: accountMemberType, Title: "IAM Member", Noun: "policy", Service: api.IAM, Adopts: true, Projectless: true,
		Fields: schema.Fields{
			"member": Member(),
			"role":   Role(),
			"serviceAccountId": schema.String(schema.Required, schema.ForceNew, schema.Matches(
				regexp.MustCompile(`^projects/[^/]+/serviceAccounts/[^/@]+@[^/@]+$`),
				"it is projects/PROJECT/serviceAccounts/EMAIL")),
		},
		Outputs: []string{"etag"},
		ID: func(_ api.Location, in api.Object) string {
			return MemberID(in.Str("serviceAccountId"), in)
		},
		// The provider changes an account's policy for one member at a time.
		Group: func(r *api.Record) []string { return []string{"policy of " + r.Inputs.Str("serviceAccountId")} },
		Admit: func(t *api.Tx, r, _ *api.Record) error {
			if t.Find(r.Outputs.Str("serviceAccountId")) == nil {
				return &api.Error{Code: 404, Message: "Unknown service account", Reason: "notFound"}
			}
			return AdmitMember(t, r)
		},
	}
}

// removeMembers removes the members of a service account's policy along with the account.
func removeMembers(t *api.Tx, account *api.Record) error {
	for _, m := range t.All(accountMemberType) {
		if m.Outputs.Str("serviceAccountId") == account.ID {
			if err := t.Drop(m.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// pooled matches a member of a GKE cluster's identity pool: its project, namespace and Kubernetes ServiceAccount.
var pooled = regexp.MustCompile(`^([^\[\]]+)\.svc\.id\.goog\[([^/\]]+)/([^/\]]+)\]$`)

// requirePool returns an error unless the project has a cluster with its identity pool: Google creates the pool with
// the first such cluster.
func requirePool(t *api.Tx, project string) error {
	pool := project + ".svc.id.goog"
	for _, c := range t.All(api.ClusterType) {
		if c.Outputs.Str("workloadIdentityConfig.workloadPool") == pool && c.State != api.Provisioning {
			return nil
		}
	}
	return api.BadRequest("Identity Pool does not exist (%s). Please check that you specified a valid resource name as "+
		"returned in the `name` attribute in the configuration API.", pool)
}

// MemberID is the engine's ID of a member of a policy.
func MemberID(of string, in api.Object) string {
	return strings.Join([]string{of, in.Str("role"), in.Str("member")}, "/")
}
