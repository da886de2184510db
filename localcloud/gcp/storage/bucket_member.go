package storage

import (
	"regexp"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/iam"
	"geo-wordpress/localcloud/gcp/schema"
)

const bucketMemberType = "gcp:storage/bucketIAMMember:BucketIAMMember"

var errNoBucket = &api.Error{Code: 404, Message: "The specified bucket does not exist.", Reason: "notFound"}

func bucketMember() *api.Kind {
	return &api.Kind{
		Token: bucketMemberType, Title: "IAM Member", Noun: "policy", Service: api.Storage, Adopts: true, Projectless: true,
		Fields: schema.Fields{
			"bucket": schema.String(schema.Required, schema.ForceNew, schema.Matches(regexp.MustCompile(`^(b/)?[^/]+$`),
				"it is the bucket's name"), schema.Same(func(a, b string) bool { return inPolicy(a) == inPolicy(b) })),
			"member": iam.Member(),
			"role":   iam.Role(),
		},
		Outputs: []string{"etag"},
		ID:      func(_ api.Location, in api.Object) string { return iam.MemberID(inPolicy(in.Str("bucket")), in) },
		// The provider changes a bucket's policy for one member at a time.
		Group: func(r *api.Record) []string { return []string{"policy of " + inPolicy(r.Inputs.Str("bucket"))} },
		Admit: func(t *api.Tx, r, _ *api.Record) error {
			bucket := inPolicy(r.Outputs.Str("bucket"))
			r.Outputs["bucket"] = bucket // the provider's form
			if findBucket(t, strings.TrimPrefix(bucket, "b/")) == nil {
				return errNoBucket
			}
			return iam.AdmitMember(t, r)
		},
	}
}

// inPolicy is a bucket's name in the ID of a member of its policy.
func inPolicy(bucket string) string { return "b/" + strings.TrimPrefix(bucket, "b/") }

func findBucket(t *api.Tx, name string) *api.Record {
	if r := t.Find(name); r != nil && r.Type == bucketType {
		return r
	}
	return nil
}
