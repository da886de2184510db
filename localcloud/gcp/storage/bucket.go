package storage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const bucketType = "gcp:storage/bucket:Bucket"

// The actions of lifecycle rules.
const (
	deleteObjects = "Delete"
	abortUploads  = "AbortIncompleteMultipartUpload"
)

const day = 24 * time.Hour

// softDelete is how long Google keeps deleted objects if the program does not say, in seconds.
var softDelete = (7 * day).Seconds()

func bucket() *api.Kind {
	return &api.Kind{
		Token: bucketType, Title: "Bucket", Noun: "bucket", Service: api.Storage, Naming: api.BucketNames,
		Fields: schema.Fields{
			"forceDestroy":           schema.Bool(schema.Default(false)),
			"labels":                 schema.MapOf(schema.String()),
			"lifecycleRules":         schema.ListOf(lifecycleRule(), schema.MaxItems(100)),
			"location":               schema.String(schema.Required, schema.ForceNew, schema.Same(strings.EqualFold)),
			"name":                   schema.String(schema.Computed, schema.ForceNew, schema.CheckString(checkName)),
			"publicAccessPrevention": schema.String(schema.Computed, schema.OneOf("inherited", "enforced")),
			"softDeletePolicy": schema.ObjectOf(schema.Fields{
				"retentionDurationSeconds": schema.Int(schema.Default(int(softDelete)), schema.Check(func(v any) error {
					if n := v.(float64); n != 0 && (n < softDelete || n > (90*day).Seconds()) {
						return fmt.Errorf("%v is neither 0 nor 7 to 90 days", n)
					}
					return nil
				})),
			}, schema.Computed),
			"storageClass": schema.String(schema.Default("STANDARD"),
				schema.OneOf("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")),
			"uniformBucketLevelAccess": schema.Bool(schema.Required, schema.Only(true, "it has no access control lists")),
		},
		Outputs: []string{"effectiveLabels", "projectNumber", "pulumiLabels", "rpo", "selfLink", "url"},
		ID:      func(_ api.Location, in api.Object) string { return in.Str("name") },
		Exists: func(existing *api.Record, at api.Location) error {
			message := "Your previous request to create the named bucket succeeded and you already own it."
			if existing.Project != at.Project {
				message = "The requested bucket name is not available. The bucket namespace is shared by all users of the " +
					"system. Please select a different name and try again."
			}
			return &api.Error{Code: 409, Message: message, Reason: "conflict"}
		},
		Admit: admitBucket,
		Guard: func(t *api.Tx, r *api.Record) error {
			if r.Outputs.Flag("forceDestroy") || len(objects(t, r.ID)) == 0 {
				return nil
			}
			//lint:ignore ST1005 the provider's words
			return fmt.Errorf("Error trying to delete bucket %s containing objects without `force_destroy` set to true", r.ID)
		},
		Gone: removed,
	}
}

func lifecycleRule() *schema.Field {
	return schema.ObjectOf(schema.Fields{
		"action": schema.ObjectOf(schema.Fields{
			"type": schema.String(schema.Required, schema.OneOf(deleteObjects, abortUploads)),
		}, schema.Required),
		"condition": schema.ObjectOf(schema.Fields{
			// The provider sends an age of 0, which fits every object, for a condition without an age.
			"age":             schema.Int(schema.Required, schema.Between(0, 1<<31-1)),
			"matchesPrefixes": schema.ListOf(schema.String()),
			"matchesSuffixes": schema.ListOf(schema.String()),
			"withState":       schema.String(schema.Computed, schema.OneOf("LIVE", "ANY")),
		}, schema.Required),
	})
}

// checkName repeats the rules of https://cloud.google.com/storage/docs/buckets#naming that the provider checks.
func checkName(name string) error {
	if strings.HasPrefix(name, "goog") || strings.Contains(strings.ReplaceAll(name, "0", "o"), "google") {
		return fmt.Errorf("%q is not a valid name: it must not begin with goog, nor contain google or a close misspelling", name)
	}
	return api.BucketNames.Check(name)
}

func admitBucket(t *api.Tx, r, _ *api.Record) error {
	o := r.Outputs
	location := strings.ToUpper(o.Str("location"))
	multi := slices.Contains([]string{"ASIA", "EU", "US"}, location)
	if !multi && !googlecloud.IsRegion(strings.ToLower(location)) {
		return &api.Error{Code: 400, Message: "The specified location constraint is not valid.", Reason: "invalid"}
	}
	number, err := t.ProjectNumber(r.Project)
	if err != nil {
		return err
	}
	var n float64
	if _, err := fmt.Sscan(number, &n); err != nil {
		return err
	}
	o["location"] = location
	if multi {
		o.Fill("rpo", "DEFAULT")
	}
	for _, rule := range o.Objs("lifecycleRules") {
		rule.Fill("condition.withState", "ANY")
	}
	labels, ok := o.At("labels")
	if !ok {
		labels = map[string]any{}
	}
	o["effectiveLabels"], o["pulumiLabels"] = labels, labels
	o.Fill("projectNumber", n)
	o.Fill("publicAccessPrevention", "inherited")
	o.Fill("selfLink", "https://www.googleapis.com/storage/v1/b/"+r.ID)
	o.Fill("softDeletePolicy.retentionDurationSeconds", softDelete)
	o.Fill("softDeletePolicy.effectiveTime", r.Created.Format("2006-01-02T15:04:05.000Z"))
	o.Fill("url", "gs://"+r.ID)
	return nil
}
