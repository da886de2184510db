package iam

import (
	"fmt"
	"slices"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

// TokenOf returns the member of policies for which the GKE metadata server gives a pod a token, or the server's error.
// Without an annotation the pod is a member by itself. The server of a pool without GKE_METADATA is Compute Engine's,
// which gives every pod the machine's own account.
func TokenOf(t *api.Tx, pool *api.Record, w cloud.Workload) (string, error) {
	config := "nodeConfig."
	if pool.Outputs.Str(config+"workloadMetadataConfig.mode") != "GKE_METADATA" {
		return "serviceAccount:" + pool.Outputs.Str(config+"serviceAccount"), nil
	}
	self := fmt.Sprintf("serviceAccount:%s.svc.id.goog[%s/%s]", pool.Project, w.Namespace, w.ServiceAccount)
	if w.Email == "" {
		return self, nil
	}
	members := t.All(accountMemberType)
	if slices.ContainsFunc(members, func(m *api.Record) bool {
		o := m.Outputs
		return api.LastSegment(o.Str("serviceAccountId")) == w.Email && o.Str("role") == workloadIdentityUser && o.Str("member") == self
	}) {
		return "serviceAccount:" + w.Email, nil
	}
	return "", &api.Error{Code: 403, Reason: "forbidden", Message: "Unable to generate access token; IAM returned 403 Forbidden: " +
		"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).\n" +
		"This error could be caused by a missing IAM policy binding on the target IAM service account.\n" +
		"For more information, refer to the Workload Identity documentation:\n" +
		"\thttps://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#authenticating_to"}
}
