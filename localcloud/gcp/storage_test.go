package gcp

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/gcp/api"
)

func TestSnapshotSchedules(t *testing.T) {
	s := build(t, "account")
	attach := func(changes props) error {
		in := s.with("scheduled", changes)
		_, _, err := s.createChecked(attachmentType, "again", in, false)
		return err
	}
	second := stepNamed("schedule")
	second.name = "second"
	require.NoError(t, s.make(second))
	require.ErrorContains(t, attach(props{"name": s.out("second", "name")}), "has the snapshot schedule")
	require.ErrorContains(t, attach(nil), "Error 409")
	require.ErrorContains(t, attach(props{"disk": s.ids["disk"]}), "was not found on this server", "the provider puts the name into a URL")

	// A schedule and its disk must be in one region.
	there := stepNamed("disk")
	there.name, there.inputs = "there", func(*stand) props { return props{"zone": "europe-west4-a", "size": 20} }
	require.NoError(t, s.make(there))
	require.ErrorContains(t, attach(props{"disk": s.out("there", "name"), "zone": "europe-west4-a"}),
		"The resource 'projects/geo-project/regions/europe-west4/resourcePolicies/"+s.out("schedule", "name")+"' was not found")

	err := s.delete(policyType, "schedule", s.ids["schedule"])
	require.ErrorContains(t, err, "The resource_policy resource '"+s.ids["schedule"]+"' is already being used by '"+s.ids["disk"]+"'")
	_, err = s.engine.update(policyType, "schedule", s.ids["schedule"], s.inputs["schedule"], s.with("schedule", props{"name": "another"}))
	require.ErrorContains(t, err, "resourcePolicies/another' was not found", "the provider does not replace it")
	_, _, err = s.engine.create(policyType, "elsewhere", resource.NewPropertyMapFromMap(props{"region": region,
		"snapshotSchedulePolicy": with(daily(nil), "snapshotProperties", props{"storageLocations": "europe"})}))
	require.ErrorContains(t, err, "Invalid value for field 'resource.snapshotSchedulePolicy.snapshotProperties.storageLocations[0]': 'europe'")

	require.NoError(t, s.delete(diskType, "disk", s.ids["disk"]), "an attachment does not keep its disk")
	id, _, _ := s.read(attachmentType, "scheduled", s.ids["scheduled"], nil)
	assert.Empty(t, id, "and goes with it")
	require.NoError(t, s.delete(policyType, "schedule", s.ids["schedule"]))
}

func TestNamesOfBucketsAreSharedByAll(t *testing.T) {
	s := build(t, "role")
	name := s.out("bucket", "name")
	in := resource.NewPropertyMapFromMap(props{"name": name, "location": "EU", "uniformBucketLevelAccess": true})
	_, _, err := s.engine.create(bucketType, "again", in)
	require.ErrorContains(t, err, "googleapi: Error 409: Your previous request to create the named bucket succeeded and you already own it., conflict")
	require.NoError(t, s.api.Transact(func(tx *api.Tx) error { return tx.Enable("other-project", api.Storage) }))
	in["project"] = resource.NewStringProperty("other-project")
	_, _, err = s.engine.create(bucketType, "again", in)
	require.ErrorContains(t, err, "googleapi: Error 409: The requested bucket name is not available.")
	in["name"], in["location"] = resource.NewStringProperty("another"), resource.NewStringProperty("EUROPE")
	_, _, err = s.engine.create(bucketType, "again", in)
	require.ErrorContains(t, err, "Error 400: The specified location constraint is not valid.")

	for location, want := range map[string]string{"europe-west1": "EUROPE-WEST1", "us": "US"} {
		in["name"], in["location"] = resource.NewStringProperty("in-"+location), resource.NewStringProperty(location)
		_, out, err := s.engine.create(bucketType, "again", in)
		require.NoError(t, err)
		assert.Equal(t, want, out["location"].StringValue())
		_, has := out["rpo"]
		assert.Equal(t, location == "us", has, "only a multi-region has one")
		assert.Equal(t, 604800.0, out["softDeletePolicy"].ObjectValue()["retentionDurationSeconds"].NumberValue())
	}
}

// Google creates a project's identity pool with the first cluster that uses it.
func TestWorkloadIdentityNeedsItsPool(t *testing.T) {
	s := build(t, "cluster")
	user := step{"user", accountMemberType, func(s *stand) props {
		return props{"serviceAccountId": s.out("account", "name"), "role": "roles/iam.workloadIdentityUser",
			"member": "serviceAccount:geo-project.svc.id.goog[wordpress/backup]"}
	}}
	require.ErrorContains(t, s.make(user), "googleapi: Error 400: Identity Pool does not exist (geo-project.svc.id.goog). Please "+
		"check that you specified a valid resource name as returned in the `name` attribute in the configuration API., badRequest")
	require.NoError(t, s.make(stepNamed("cluster")))
	require.ErrorContains(t, s.make(user), "Identity Pool does not exist", "the cluster does not use it")
	require.NoError(t, s.delete(api.ClusterType, "cluster", s.ids["cluster"]))
	require.NoError(t, s.make(pooledCluster()))
	require.NoError(t, s.make(user))

	require.NoError(t, s.delete(accountType, "account", s.ids["account"]))
	id, _, _ := s.read(accountMemberType, "user", s.ids["user"], nil)
	assert.Empty(t, id, "its policy goes with an account")
}

// pooledCluster is the cluster with Workload Identity.
func pooledCluster() step {
	cluster := stepNamed("cluster")
	inputs := cluster.inputs
	cluster.inputs = func(s *stand) props {
		return with(inputs(s), "workloadIdentityConfig", props{"workloadPool": "geo-project.svc.id.goog"})
	}
	return cluster
}
