package storage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/iam"
	"geo-wordpress/localcloud/store"
)

const objectsBucket = "objects" // bucket/object -> object

// object is an object as the store keeps it.
type object struct {
	Created time.Time `json:"created"`
	Content []byte    `json:"content"`
}

// permissions are those on objects of Cloud Storage's roles (https://cloud.google.com/storage/docs/access-control/iam-roles).
var permissions = map[string][]string{
	"roles/storage.admin":              {"create", "delete", "get", "list"},
	"roles/storage.legacyBucketReader": {"list"},
	"roles/storage.legacyBucketWriter": {"create", "delete", "list"},
	"roles/storage.objectAdmin":        {"create", "delete", "get", "list"},
	"roles/storage.objectCreator":      {"create"},
	"roles/storage.objectUser":         {"create", "delete", "get", "list"},
	"roles/storage.objectViewer":       {"get", "list"},
}

// Objects are the objects in the buckets, as Cloud Storage's JSON API serves them to a member of their policies. It
// implements cloud.Objects.
type Objects struct{ API *api.API }

// authorize returns an error unless the bucket exists and the member has a permission on its objects.
func authorize(t *api.Tx, member, bucket, verb string) error {
	b := findBucket(t, bucket)
	if b == nil {
		return errNoBucket
	}
	for _, m := range t.All(bucketMemberType, iam.ProjectMemberType) {
		of := m.Outputs.Str("bucket") == inPolicy(bucket) || m.Type == iam.ProjectMemberType && m.Project == b.Project
		if of && m.Outputs.Str("member") == member && slices.Contains(permissions[m.Outputs.Str("role")], verb) {
			return nil
		}
	}
	who, on := "Caller", "object"
	if email := strings.TrimPrefix(member, "serviceAccount:"); strings.Contains(email, "@") {
		who = email
	}
	if verb == "list" {
		on = "bucket"
	}
	return &api.Error{Code: 403, Message: fmt.Sprintf("%s does not have storage.objects.%s access to the Google Cloud "+
		"Storage %s. Permission 'storage.objects.%[2]s' denied on resource (or it may not exist).", who, verb, on),
		Reason: "forbidden"}
}

// InsertObject implements cloud.Objects.
func (o Objects) InsertObject(member, bucket, name string, content []byte) error {
	return o.API.Transact(func(t *api.Tx) error {
		if err := authorize(t, member, bucket, "create"); err != nil {
			return err
		}
		key := bucket + "/" + name
		if t.Get(objectsBucket, key, new(object)) {
			if err := authorize(t, member, bucket, "delete"); err != nil { // Google replaces objects, and never changes one
				return err
			}
		}
		return t.Put(objectsBucket, key, object{time.Now().UTC(), content})
	})
}

// ReadObject implements cloud.Objects.
func (o Objects) ReadObject(member, bucket, name string) (content []byte, err error) {
	err = o.API.View(func(t *api.Tx) error {
		if err := authorize(t, member, bucket, "get"); err != nil {
			return err
		}
		var found object
		if !t.Get(objectsBucket, bucket+"/"+name, &found) {
			return &api.Error{Code: 404, Message: "No such object: " + bucket + "/" + name, Reason: "notFound"}
		}
		content = found.Content
		return nil
	})
	return content, err
}

// ListObjects implements cloud.Objects.
func (o Objects) ListObjects(member, bucket, prefix string) (found []cloud.Object, err error) {
	err = o.API.View(func(t *api.Tx) error {
		if err := authorize(t, member, bucket, "list"); err != nil {
			return err
		}
		for _, object := range objects(t, bucket) {
			if strings.HasPrefix(object.Name, prefix) {
				found = append(found, object)
			}
		}
		return nil
	})
	return found, err
}

// Inventory lists the objects of all buckets, or of one.
func (o Objects) Inventory(bucket string) (found []cloud.Object, err error) {
	found = []cloud.Object{}
	err = o.API.View(func(t *api.Tx) error {
		if bucket != "" && findBucket(t, bucket) == nil {
			return errNoBucket
		}
		for _, b := range t.All(bucketType) {
			if bucket == "" || bucket == b.ID {
				found = append(found, objects(t, b.ID)...)
			}
		}
		return nil
	})
	return found, err
}

// ApplyLifecycle deletes the objects that the buckets' lifecycle rules delete at a time. Google does it about once a
// day; the local cloud, when it starts.
func (o Objects) ApplyLifecycle(now time.Time) error {
	return o.API.Transact(func(t *api.Tx) error {
		for _, b := range t.All(bucketType) {
			for _, object := range objects(t, b.ID) {
				if !expired(b.Outputs, object, now) {
					continue
				}
				if err := t.Delete(objectsBucket, b.ID+"/"+object.Name); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func expired(bucket api.Object, object cloud.Object, now time.Time) bool {
	return slices.ContainsFunc(bucket.Objs("lifecycleRules"), func(rule api.Object) bool {
		return rule.Str("action.type") == deleteObjects &&
			now.Sub(object.Created) >= time.Duration(rule.Num("condition.age"))*day &&
			matches(strings.HasPrefix, object.Name, rule.Strs("condition.matchesPrefixes")) &&
			matches(strings.HasSuffix, object.Name, rule.Strs("condition.matchesSuffixes"))
	})
}

// matches says whether a name has one of the parts, or there are none.
func matches(has func(name, part string) bool, name string, parts []string) bool {
	return len(parts) == 0 || slices.ContainsFunc(parts, func(part string) bool { return has(name, part) })
}

// objects returns a bucket's objects, ordered by name.
func objects(t *api.Tx, bucket string) (found []cloud.Object) {
	err := store.Each(t.Tx, objectsBucket, func(key string, o *object) error {
		if in, name, _ := strings.Cut(key, "/"); in == bucket {
			found = append(found, cloud.Object{Bucket: bucket, Name: name, Size: len(o.Content), Created: o.Created})
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return found
}

// removed removes what is in a bucket that goes, and its policy.
func removed(t *api.Tx, bucket *api.Record) error {
	for _, o := range objects(t, bucket.ID) {
		if err := t.Delete(objectsBucket, bucket.ID+"/"+o.Name); err != nil {
			return err
		}
	}
	for _, m := range t.All(bucketMemberType) {
		if m.Outputs.Str("bucket") == inPolicy(bucket.ID) {
			if err := t.Drop(m.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Member implements cloud.Objects.
func (o Objects) Member(w cloud.Workload) (member string, err error) {
	err = o.API.View(func(t *api.Tx) error {
		pool := t.Find(w.NodePool)
		if pool == nil {
			return api.NotFound(w.NodePool)
		}
		member, err = iam.TokenOf(t, pool, w)
		return err
	})
	return member, err
}
