package gcp

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

// granted builds the stack with a bucket whose policy has the account as a member with some roles.
func granted(t *testing.T, roles ...string) (s *stand, bucket, member string) {
	s = build(t, "creator")
	bucket, member = s.ids["bucket"], s.out("account", "member")
	for _, role := range roles {
		require.NoError(t, s.make(step{role, bucketMemberType, func(*stand) props {
			return props{"bucket": bucket, "role": "roles/storage." + role, "member": member}
		}}))
	}
	return s, bucket, member
}

func TestRolesOnObjects(t *testing.T) {
	const denied = "googleapi: Error 403: geo-nodes@geo-project.iam.gserviceaccount.com does not have storage.objects.%s access to the " +
		"Google Cloud Storage object. Permission 'storage.objects.%[1]s' denied on resource (or it may not exist)., forbidden"
	type can struct{ create, replace, read, list bool }
	for _, c := range []struct {
		roles []string
		can
	}{
		{nil, can{}},
		{[]string{"objectCreator"}, can{create: true}},
		{[]string{"legacyBucketReader"}, can{list: true}},
		{[]string{"objectViewer"}, can{read: true, list: true}},
		{[]string{"objectCreator", "legacyBucketReader"}, can{create: true, list: true}},
		{[]string{"objectAdmin"}, can{true, true, true, true}},
	} {
		s, bucket, member := granted(t, c.roles...)
		allowed := func(err error) bool {
			if err != nil {
				require.ErrorContains(t, err, "googleapi: Error 403: geo-nodes@geo-project.iam.gserviceaccount.com does not have storage.objects.")
			}
			return err == nil
		}
		create := allowed(s.api.InsertObject(member, bucket, "new", []byte("a")))
		require.NoError(t, s.api.Transact(func(tx *api.Tx) error { // by somebody else
			return tx.Put("objects", bucket+"/there", map[string]any{"created": time.Now(), "content": []byte("b")})
		}))
		replace := allowed(s.api.InsertObject(member, bucket, "there", []byte("c")))
		content, err := s.api.ReadObject(member, bucket, "there")
		read := allowed(err)
		found, err := s.api.ListObjects(member, bucket, "")
		list := allowed(err)
		assert.Equal(t, c.can, can{create, replace, read, list}, "%v", c.roles)
		if c.read && !c.create {
			assert.Equal(t, "b", string(content))
			assert.Len(t, found, 1)
			_, err = s.api.ReadObject(member, bucket, "none")
			require.EqualError(t, err, "googleapi: Error 404: No such object: "+bucket+"/none, notFound")
		}
	}
	s, bucket, member := granted(t, "objectCreator")
	require.NoError(t, s.api.InsertObject(member, bucket, "a/b", nil))
	assert.EqualError(t, s.api.InsertObject(member, bucket, "a/b", nil), fmt.Sprintf(denied, "delete"))
	second := stepNamed("bucket")
	second.name = "second"
	require.NoError(t, s.make(second))
	require.ErrorContains(t, s.api.InsertObject(member, s.ids["second"], "a", nil), "403", "a policy is of one bucket")
	require.EqualError(t, s.api.InsertObject(member, "none", "a/b", nil), "googleapi: Error 404: The specified bucket does not exist., notFound")
	require.ErrorContains(t, s.api.InsertObject("serviceAccount:geo-project.svc.id.goog[a/b]", bucket, "x", nil), "403: Caller does not have storage.objects.create")
	require.ErrorContains(t, s.api.InsertObject("serviceAccount:else@geo-project.iam.gserviceaccount.com", bucket, "x", nil), "403")
}

func TestABucketWithObjectsStays(t *testing.T) {
	s, bucket, member := granted(t, "objectCreator")
	require.NoError(t, s.api.InsertObject(member, bucket, "a", nil))
	require.ErrorContains(t, s.delete(bucketType, "bucket", bucket),
		"Error trying to delete bucket "+bucket+" containing objects without `force_destroy` set to true")
	_, err := s.engine.update(bucketType, "bucket", bucket, s.inputs["bucket"], s.with("bucket", props{"forceDestroy": true}))
	require.NoError(t, err)
	require.NoError(t, s.delete(bucketType, "bucket", bucket))
	for _, r := range s.api.Resources() {
		assert.NotEqual(t, bucketMemberType, r.Type, "its policy goes with a bucket")
	}
	require.NoError(t, s.make(step{"anew", bucketType, func(*stand) props {
		return props{"name": bucket, "location": "EU", "uniformBucketLevelAccess": true}
	}}))
	found, err := s.api.Inventory(bucket)
	require.NoError(t, err)
	assert.Empty(t, found)
}

func TestLifecycleRules(t *testing.T) {
	s, bucket, member := granted(t, "objectCreator")
	_, err := s.engine.update(bucketType, "bucket", bucket, s.inputs["bucket"], s.with("bucket", props{"lifecycleRules": []any{
		props{"action": props{"type": "Delete"}, "condition": props{"age": 2, "matchesPrefixes": []any{"old/", "x"}}},
		props{"action": props{"type": "Delete"}, "condition": props{"age": 1, "matchesSuffixes": []any{"/complete"}}},
		props{"action": props{"type": "Delete"}, "condition": props{"age": 1, "matchesPrefixes": []any{"new/"}, "matchesSuffixes": []any{"/b"}}},
		props{"action": props{"type": "AbortIncompleteMultipartUpload"}, "condition": props{"age": 1}}}}))
	require.NoError(t, err)
	for _, name := range []string{"old/a", "new/a", "new/b", "old/b", "old/complete", "complete"} {
		require.NoError(t, s.api.InsertObject(member, bucket, name, nil))
	}
	left := func(after time.Duration) (names []string) {
		require.NoError(t, s.api.ApplyLifecycle(time.Now().Add(after)))
		found, err := s.api.Inventory("")
		require.NoError(t, err)
		for _, o := range found {
			names = append(names, o.Name)
		}
		return names
	}
	assert.Equal(t, []string{"complete", "new/a", "old/a", "old/b"}, left(47*time.Hour))
	assert.Equal(t, []string{"complete", "new/a"}, left(49*time.Hour))
}

func TestWhoAPodIs(t *testing.T) {
	s := build(t, "cluster")
	require.NoError(t, s.make(pooledCluster()))
	require.NoError(t, s.make(stepNamed("pool")))
	email := s.out("account", "email")
	w := cloud.Workload{NodePool: s.ids["pool"], Namespace: "wordpress", ServiceAccount: "backup"}
	member, err := s.api.Member(w)
	require.NoError(t, err)
	assert.Equal(t, "serviceAccount:geo-project.svc.id.goog[wordpress/backup]", member)

	w.Email = email
	require.NoError(t, s.make(step{"another-role", accountMemberType, func(s *stand) props {
		return props{"serviceAccountId": s.out("account", "name"), "role": "roles/iam.serviceAccountUser",
			"member": "serviceAccount:geo-project.svc.id.goog[wordpress/backup]"}
	}}))
	_, err = s.api.Member(w)
	require.ErrorContains(t, err, "Error 403: Unable to generate access token; IAM returned 403 Forbidden: Permission 'iam.serviceAccounts.getAccessToken' denied")
	require.NoError(t, s.make(step{"user", accountMemberType, func(s *stand) props {
		return props{"serviceAccountId": s.out("account", "name"), "role": "roles/iam.workloadIdentityUser",
			"member": "serviceAccount:geo-project.svc.id.goog[wordpress/backup]"}
	}}))
	member, err = s.api.Member(w)
	require.NoError(t, err)
	assert.Equal(t, "serviceAccount:"+email, member)
	for _, other := range []cloud.Workload{
		{NodePool: w.NodePool, Namespace: "wordpress", ServiceAccount: "restore", Email: email},
		{NodePool: w.NodePool, Namespace: "database", ServiceAccount: "backup", Email: email},
		{NodePool: w.NodePool, Namespace: "wordpress", ServiceAccount: "backup", Email: "else@geo-project.iam.gserviceaccount.com"},
	} {
		_, err = s.api.Member(other)
		require.ErrorContains(t, err, "Error 403", "%+v", other)
	}

	// Without Workload Identity, every pod is the machine.
	plain := build(t, "address")
	w.NodePool = plain.ids["pool"]
	member, err = plain.api.Member(w)
	require.NoError(t, err)
	assert.Equal(t, "serviceAccount:"+email, member)
}
