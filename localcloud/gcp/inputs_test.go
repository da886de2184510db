package gcp

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/gcp/api"
)

func TestInputsThatAreRefused(t *testing.T) {
	s := build(t, "")
	computed := resource.MakeComputed(resource.NewStringProperty(""))
	cases := []struct {
		of, path string
		value    any
		reason   string
	}{
		{"vpc", "peerings", "x", `the local cloud does not know the property "peerings" of gcp:compute/network:Network`},
		{"cluster", "nodePools", []any{}, `does not know the property "nodePools"`},
		{"cluster", "dnsConfig", props{"additiveVpcScopeDnsDomain": "geo"}, `"dnsConfig.additiveVpcScopeDnsDomain"`},
		{"pool", "nodeConfig", props{"gvnic": props{"enabled": true}}, `"nodeConfig.gvnic"`},
		{"backend", "backends", []any{props{"group": "x", "failover": true}}, `"backends[0].failover"`},
		{"vpc", "autoCreateSubnetworks", "false", "must be a boolean, not string"},
		{"vpc", "mtu", 1460, `does not know the property "mtu" of gcp:compute/network:Network: remove it`},
		{"disk", "size", 10.5, "must be an integer"},
		{"disk", "size", "10", "must be an integer"},
		{"subnet", "secondaryIpRanges", props{}, "must be a list"},
		{"subnet", "secondaryIpRanges", []any{"x"}, `"secondaryIpRanges[0]" of gcp:compute/subnetwork:Subnetwork must be an object`},
		{"subnet", "network", nil, `missing required property "network"`},
		{"subnet", "secondaryIpRanges", []any{props{"rangeName": "a"}}, `missing required property "secondaryIpRanges[0].ipCidrRange"`},
		{"vpc", "name", "Upper", "is not a valid name"},
		{"vpc", "name", "1st", "is not a valid name"},
		{"vpc", "name", "dash-", "is not a valid name"},
		{"vpc", "name", strings.Repeat("a", 64), "is not a valid name"},
		{"cluster", "name", strings.Repeat("a", 41), "is not a valid name"},
		{"account", "accountId", "short", "6 to 30"},
		{"account", "accountId", strings.Repeat("a", 31), "6 to 30"},
		{"account", "accountId", "ends-with-", "6 to 30"},
		{"vpc", "project", "No", "6 to 30"},
		{"disk", "labels", props{"a": "x"}, `does not know the property "labels"`},
		{"disk", "type", "pd-fast", "pd-balanced"},
		{"peers", "targetTags", []any{"UPPER"}, "is not a network tag"},
		{"peers", "sourceRanges", []any{"10.0.0.1/20"}, "did you mean 10.0.0.0/20"},
		{"peers", "sourceRanges", []any{"ten"}, "is not an address range"},
		{"peers", "allows", []any{props{"protocol": "tcp", "ports": []any{"80-70"}}}, "neither a port nor a range"},
		{"peers", "allows", []any{props{"protocol": "tcp", "ports": []any{"65536"}}}, "neither a port nor a range"},
		{"peers", "allows", []any{props{"protocol": "icmp", "ports": []any{"80"}}}, "only tcp and udp have ports"},
		{"peers", "allows", []any{props{"protocol": "carrier-pigeon"}}, "tcp, udp, icmp"},
		{"peers", "denies", []any{props{"protocol": "tcp"}}, `does not know the property "denies"`},
		{"peers", "direction", "EGRESS", "knows only INGRESS here"},
		{"subnet", "ipCidrRange", "10.0.0.0/30", "from /4 to /29"},
		{"subnet", "ipCidrRange", "10.0.0.1/20", "did you mean"},
		{"subnet", "ipCidrRange", "fd00::/64", "IPv4"},
		{"nat", "subnetworks", nil, `missing required property "subnetworks"`},
		{"nat", "sourceSubnetworkIpRangesToNat", "ALL_SUBNETWORKS_ALL_IP_RANGES", "knows only LIST_OF_SUBNETWORKS"},
		{"cluster", "privateClusterConfig", props{"enablePrivateNodes": true, "masterIpv4CidrBlock": "10.15.0.0/27"}, "/28"},
		{"cluster", "dnsConfig", props{"clusterDnsScope": "VPC_SCOPE"}, "needs clusterDns CLOUD_DNS"},
		{"cluster", "dnsConfig", props{"clusterDns": "CLOUD_DNS", "clusterDnsScope": "CLUSTER_SCOPE", "clusterDnsDomain": "geo"}, "needs clusterDnsScope VPC_SCOPE"},
		{"cluster", "masterAuthorizedNetworksConfig", props{"cidrBlocks": []any{props{"cidrBlock": "0.0.0.0"}}}, "is not an address range"},
		{"cluster", "maintenancePolicy", props{"recurringWindow": props{"startTime": "2025-01-01T00:00:00Z", "endTime": "2025-01-01T02:00:00Z", "recurrence": "FREQ=DAILY"}}, "4 to 24 hours"},
		{"cluster", "maintenancePolicy", props{"recurringWindow": props{"startTime": "noon", "endTime": "2025-01-01T02:00:00Z", "recurrence": "weekly"}}, "RFC 5545"},
		{"cluster", "addonsConfig", props{"httpLoadBalancing": props{"disabled": false}}, "the local cloud knows only true here"},
		{"cluster", "minMasterVersion", "1.29", `does not know the property "minMasterVersion"`},
		{"cluster", "removeDefaultNodePool", nil, `missing required property "removeDefaultNodePool"`},
		{"cluster", "monitoringConfig", props{"enableComponents": []any{"EVERYTHING"}}, "SYSTEM_COMPONENTS"},
		{"pool", "nodeConfig", props{"taints": []any{}}, `"nodeConfig.taints"`},
		{"pool", "upgradeSettings", props{"strategy": "BLUE_GREEN"}, "blue-green"},
		{"pool", "upgradeSettings", props{"maxSurge": 0, "maxUnavailable": 0}, "above zero"},
		{"pool", "autoscaling", props{"minNodeCount": 3, "maxNodeCount": 2}, "no more than maxNodeCount"},
		{"pool", "autoscaling", props{"minNodeCount": 0, "maxNodeCount": 0}, "above zero"},
		{"pool", "autoscaling", props{"maxNodeCount": 2000}, "is not between 0 and 1000"},
		{"pool", "autoscaling", props{"totalMinNodeCount": 1, "totalMaxNodeCount": 4}, "its pools have one zone"},
		{"pool", "autoscaling", props{"minNodeCount": 1, "maxNodeCount": 2, "locationPolicy": "CLOSE"}, "BALANCED"},
		{"check", "tcpHealthCheck", props{"port": 80}, `does not know the property "tcpHealthCheck"`},
		{"check", "httpHealthCheck", nil, `missing required property "httpHealthCheck"`},
		{"check", "httpHealthCheck", props{"portSpecification": "USE_SERVING_PORT", "port": 80}, "knows only USE_FIXED_PORT here"},
		{"check", "timeoutSec", 60, "must not be greater than checkIntervalSec"},
		{"backend", "backends", []any{props{"group": "x", "balancingMode": "RATE"}}, `missing required property "backends[0].maxRatePerInstance"`},
		{"backend", "backends", []any{props{"group": "x", "balancingMode": "UTILIZATION", "maxRatePerInstance": 1}}, "knows only RATE here"},
		{"backend", "loadBalancingScheme", "EXTERNAL", "knows only EXTERNAL_MANAGED here"},
		{"rule", "loadBalancingScheme", "EXTERNAL", "knows only EXTERNAL_MANAGED here"},
		{"backend", "sessionAffinity", "HTTP_COOKIE", "NONE, GENERATED_COOKIE, CLIENT_IP"},
		{"backend", "enableCdn", true, "Google sets CACHE_ALL_STATIC"},
		{"backend", "cdnPolicy", props{"cacheMode": "FORCE_CACHE_ALL"}, "knows only USE_ORIGIN_HEADERS here"},
		{"backend", "cdnPolicy", props{"negativeCaching": true}, "knows only false here"},
		{"backend", "cdnPolicy", props{"serveWhileStale": 604801}, "is not between 0 and 604800"},
		{"backend", "cdnPolicy", props{"defaultTtl": 60}, `"cdnPolicy.defaultTtl"`},
		{"backend", "cdnPolicy", props{"cacheKeyPolicy": props{"includeHttpHeaders": []any{"X"}}},
			`"cdnPolicy.cacheKeyPolicy.includeHttpHeaders"`},
		{"backend", "cdnPolicy", props{"cacheKeyPolicy": props{"includeNamedCookies": []any{"a", "b", "c", "d", "e", "f"}}},
			"6 items are more than the 5 allowed"},
		{"backend", "cdnPolicy", props{"cacheKeyPolicy": props{"includeNamedCookies": []any{"a=b"}}}, "a token of RFC 9110"},
		{"backend", "cdnPolicy", props{"bypassCacheOnRequestHeaders": []any{props{"headerName": "A"}, props{"headerName": "a"}}},
			`the header "a" is there twice`},
		{"backend", "cdnPolicy", props{"bypassCacheOnRequestHeaders": []any{props{}}}, "missing required property"},
		{"backend", "healthChecks", nil, `missing required property "healthChecks"`},
		{"backend", "affinityCookieTtlSec", 10, ""},
		{"map", "defaultUrlRedirect", props{"httpsRedirect": true, "stripQuery": false}, "one of defaultService and defaultUrlRedirect"},
		{"map", "tests", []any{}, `does not know the property "tests"`},
		{"map", "headerAction", props{}, `missing required property "headerAction.responseHeadersToAdds"`},
		{"certificate", "managed", props{"domains": []any{"localhost"}}, "is not a domain name"},
		{"certificate", "managed", props{"domains": []any{}}, "fewer"},
		{"rule", "portRange", nil, `missing required property "portRange"`},
		{"role", "member", "somebody", "a member is"},
		{"role", "role", "owner", "a role is"},
		{"schedule", "snapshotSchedulePolicy", props{"retentionPolicy": props{"maxRetentionDays": 1}}, `missing required property "snapshotSchedulePolicy.schedule"`},
		{"schedule", "snapshotSchedulePolicy", daily(props{"daysInCycle": 1, "startTime": "4:00"}), "starts on the hour"},
		{"schedule", "snapshotSchedulePolicy", daily(props{"daysInCycle": 1, "startTime": "04:30"}), "starts on the hour"},
		{"schedule", "snapshotSchedulePolicy", daily(props{"daysInCycle": 2, "startTime": "04:00"}), "knows only 1 here"},
		{"schedule", "snapshotSchedulePolicy", props{"schedule": props{"weeklySchedule": props{}}}, "weeklySchedule"},
		{"schedule", "snapshotSchedulePolicy", with(daily(nil), "retentionPolicy", props{"maxRetentionDays": 0}), "is not between 1"},
		{"schedule", "snapshotSchedulePolicy", with(daily(nil), "retentionPolicy", props{"maxRetentionDays": 1, "onSourceDiskDelete": "KEEP"}), "KEEP_AUTO_SNAPSHOTS, APPLY_RETENTION_POLICY"},
		{"schedule", "snapshotSchedulePolicy", with(daily(nil), "snapshotProperties", props{}), "one of guestFlush, labels and storageLocations"},
		{"bucket", "name", "Upper", "is not a valid name"},
		{"bucket", "name", "ab", "is not a valid name"},
		{"bucket", "name", "dotted.example.com", "is not a valid name"},
		{"bucket", "name", "-dash", "is not a valid name"},
		{"bucket", "name", strings.Repeat("a", 64), "is not a valid name"},
		{"bucket", "name", "goog-backups", "must not begin with goog"},
		{"bucket", "name", "my-g00gle-backups", "a close misspelling"},
		{"bucket", "location", nil, `missing required property "location"`},
		{"bucket", "uniformBucketLevelAccess", false, "knows only true here"},
		{"bucket", "publicAccessPrevention", "unspecified", "inherited, enforced"},
		{"bucket", "storageClass", "COLD", "STANDARD, NEARLINE"},
		{"bucket", "softDeletePolicy", props{"retentionDurationSeconds": 86400}, "neither 0 nor 7 to 90 days"},
		{"bucket", "lifecycleRules", []any{props{"action": props{"type": "SetStorageClass"}, "condition": props{"age": 1}}}, "Delete, AbortIncompleteMultipartUpload"},
		{"bucket", "lifecycleRules", []any{props{"action": props{"type": "Delete"}, "condition": props{}}}, `missing required property "lifecycleRules[0].condition.age"`},
		{"bucket", "versioning", props{"enabled": true}, `does not know the property "versioning"`},
		{"creator", "bucket", "a/b", "it is the bucket's name"},
		{"creator", "member", "allUsers", "a member is"},
		{"creator", "project", project, `does not know the property "project"`},
		{"impersonator", "serviceAccountId", "geo-nodes@geo-project.iam.gserviceaccount.com", "it is projects/PROJECT/serviceAccounts/EMAIL"},
		{"impersonator", "member", "serviceAccount:geo-project.svc.id.goog[ns]", "a member is"},
		{"compute-api", "service", "compute", "is named like"},
		{"compute-api", "disableOnDestroy", true, "knows only false here"},
	}
	for _, c := range cases {
		t.Run(c.of+" "+c.path+" "+c.reason, func(t *testing.T) {
			step := stepNamed(c.of)
			in := resource.NewPropertyMapFromMap(step.inputs(s))
			if c.value == nil {
				delete(in, resource.PropertyKey(c.path))
			} else {
				in[resource.PropertyKey(c.path)] = resource.NewPropertyValue(c.value)
			}
			_, failures := s.check(step.token, step.name, nil, in)
			if c.reason == "" {
				assert.Empty(t, failures)
				return
			}
			require.NotEmpty(t, failures)
			assert.Contains(t, strings.Join(failures, "\n"), c.reason)

			if c.value != nil { // an unknown value passes, unless the property does not exist
				in[resource.PropertyKey(c.path)] = computed
				_, failures = s.check(step.token, step.name, nil, in)
				if strings.Contains(c.reason, "does not know the property") {
					assert.NotEmpty(t, failures)
				}
			}
		})
	}
}

// daily is a snapshot schedule of every day.
func daily(schedule props) props {
	if schedule == nil {
		schedule = props{"daysInCycle": 1, "startTime": "04:00"}
	}
	return props{"schedule": props{"dailySchedule": schedule}}
}

func with(p props, name string, value any) props {
	p[name] = value
	return p
}

func TestUnknownValuesPassChecks(t *testing.T) {
	s := build(t, "")
	for _, step := range steps {
		in := resource.NewPropertyMapFromMap(step.inputs(s))
		for k := range in {
			one := in.Copy()
			one[k] = resource.MakeComputed(resource.NewStringProperty(""))
			checked, failures := s.check(step.token, step.name, nil, one)
			assert.Empty(t, failures, "%s.%s", step.name, k)
			assert.True(t, checked[k].IsComputed(), "%s.%s stays unknown", step.name, k)
		}
	}
}

func TestAutomaticNames(t *testing.T) {
	e := connect(t, openAPI(t, t.TempDir(), newHardware()), nil)
	first, failures := e.check(networkType, "My-VPC", nil, resource.PropertyMap{})
	require.Empty(t, failures)
	name := first["name"].StringValue()
	assert.Regexp(t, `^my-vpc-[0-9a-f]{7}$`, name)

	kept, _ := e.check(networkType, "My-VPC", first, resource.PropertyMap{"routingMode": resource.NewStringProperty("GLOBAL")})
	assert.Equal(t, name, kept["name"].StringValue(), "an automatic name stays")

	explicit, _ := e.check(networkType, "My-VPC", first, resource.NewPropertyMapFromMap(props{"name": "own"}))
	assert.Equal(t, "own", explicit["name"].StringValue())
	again, _ := e.check(networkType, "My-VPC", explicit, resource.PropertyMap{})
	assert.Regexp(t, `^my-vpc-`, again["name"].StringValue(), "an explicit one does not")

	_, failures = e.check(api.ClusterType, strings.Repeat("c", 33), nil, resource.PropertyMap{})
	require.Len(t, failures, 1)
	assert.Contains(t, failures[0], "no automatic name fits")
	_, failures = e.check(networkType, strings.Repeat("c", 55), nil, resource.PropertyMap{})
	assert.Empty(t, failures)
	_, failures = e.check(networkType, "under_score", nil, resource.PropertyMap{})
	assert.NotEmpty(t, failures)

	r, err := e.client.Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn(networkType, "vpc"),
		Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{ProposedName: "proposed"}})
	require.NoError(t, err)
	assert.Equal(t, "proposed", e.unmarshal(r.Inputs)["name"].StringValue())
	r, err = e.client.Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn(networkType, "vpc"),
		Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{Mode: pulumirpc.CheckRequest_AutonamingOptions_DISABLE}})
	require.NoError(t, err)
	assert.NotEmpty(t, r.Failures)
}

// TestChanges checks for each change whether it replaces the resource.
func TestChanges(t *testing.T) {
	s := build(t, "")
	cases := []struct {
		of, path string
		value    any
		replace  bool
		diff     string // the path in the detailed diff, if different
	}{
		{"vpc", "routingMode", "GLOBAL", false, ""},
		{"vpc", "autoCreateSubnetworks", true, true, ""},
		{"vpc", "description", "x", true, ""},
		{"subnet", "ipCidrRange", "10.0.0.0/19", false, ""},
		{"subnet", "ipCidrRange", "10.0.0.0/21", true, ""},
		{"subnet", "privateIpGoogleAccess", false, false, ""},
		{"subnet", "network", "other", true, ""},
		{"nat", "logConfig", props{"enable": true, "filter": "ALL"}, false, ""},
		{"nat", "subnetworks", []any{props{"name": "other", "sourceIpRangesToNats": []any{"ALL_IP_RANGES"}}}, false, "subnetworks[0]"},
		{"peers", "sourceRanges", []any{"10.4.0.0/16", "10.0.0.0/20", "10.5.0.0/16"}, false, "sourceRanges[2]"},
		{"peers", "network", "other", true, ""},
		{"disk", "size", 30, false, ""},
		{"disk", "size", 10, true, ""},
		{"disk", "type", "pd-ssd", true, ""},
		{"disk", "zone", "europe-west1-c", true, ""},
		{"schedule", "description", "x", false, ""},
		{"schedule", "region", "europe-west4", true, ""},
		{"schedule", "name", "another", false, ""},
		{"scheduled", "name", "another", true, ""},
		{"scheduled", "disk", "another", true, ""},
		{"bucket", "name", "another", true, ""},
		{"bucket", "location", "US", true, ""},
		{"bucket", "forceDestroy", true, false, ""},
		{"bucket", "storageClass", "NEARLINE", false, ""},
		{"bucket", "publicAccessPrevention", "inherited", false, ""},
		{"bucket", "softDeletePolicy", props{}, false, "softDeletePolicy.retentionDurationSeconds"},
		{"bucket", "lifecycleRules", []any{props{"action": props{"type": "Delete"}, "condition": props{"age": 30}}}, false, "lifecycleRules[1]"},
		{"creator", "bucket", "another", true, ""},
		{"creator", "role", "roles/storage.objectViewer", true, ""},
		{"impersonator", "member", "user:somebody@example.com", true, ""},
		{"account", "displayName", "x", false, ""},
		{"account", "accountId", "other-id", true, ""},
		{"role", "role", "roles/owner", true, ""},
		{"cluster", "deletionProtection", true, false, ""},
		{"cluster", "network", "other", true, ""},
		{"cluster", "location", "europe-west1-c", true, ""},
		{"cluster", "ipAllocationPolicy", props{"clusterSecondaryRangeName": "pods2", "servicesSecondaryRangeName": "services"}, true, "ipAllocationPolicy.clusterSecondaryRangeName"},
		{"cluster", "privateClusterConfig", props{"enablePrivateNodes": true, "masterIpv4CidrBlock": "10.15.0.16/28"}, true, "privateClusterConfig.masterIpv4CidrBlock"},
		{"cluster", "releaseChannel", props{"channel": "STABLE"}, false, "releaseChannel.channel"},
		{"cluster", "initialNodeCount", 2, true, ""},
		{"cluster", "dnsConfig", props{"clusterDns": "CLOUD_DNS", "clusterDnsScope": "VPC_SCOPE", "clusterDnsDomain": "other"}, false, "dnsConfig.clusterDnsDomain"},
		{"pool", "nodeCount", 3, false, ""},
		{"pool", "autoscaling", props{"minNodeCount": 2, "maxNodeCount": 4}, false, ""},
		{"pool", "nodeConfig", props{"machineType": "e2-standard-8", "tags": []any{"node"}, "diskSizeGb": 50, "serviceAccount": "geo-nodes@geo-project.iam.gserviceaccount.com"}, false, "nodeConfig.machineType"},
		{"pool", "nodeConfig", props{"machineType": "e2-standard-4", "tags": []any{"node"}, "diskSizeGb": 50, "serviceAccount": "default"}, true, "nodeConfig.serviceAccount"},
		{"pool", "cluster", "other", true, ""},
		{"address", "description", "x", true, ""},
		{"check", "checkIntervalSec", 10, false, ""},
		{"check", "httpHealthCheck", props{"portSpecification": "USE_FIXED_PORT", "port": 30081, "requestPath": "/"}, false, "httpHealthCheck.requestPath"},
		{"port", "port", 30081, true, ""},
		{"backend", "timeoutSec", 60, false, ""},
		{"map", "defaultService", "other", false, ""},
		{"proxy", "urlMap", "other", false, ""},
		{"rule", "target", "global/targetHttpProxies/other", false, ""},
		{"rule", "portRange", "443", true, ""},
		{"certificate", "managed", props{"domains": []any{"other.example.com"}}, true, "managed.domains[0]"},
		{"https-proxy", "sslCertificates", []any{"other"}, false, "sslCertificates[0]"},
	}
	for _, c := range cases {
		t.Run(c.of+" "+c.path, func(t *testing.T) {
			step := stepNamed(c.of)
			in := resource.NewPropertyMapFromMap(step.inputs(s))
			in[resource.PropertyKey(c.path)] = resource.NewPropertyValue(c.value)
			checked, failures := s.check(step.token, step.name, s.inputs[step.name], in)
			require.Empty(t, failures)
			d := s.diff(step.token, step.name, s.ids[step.name], s.inputs[step.name], checked, s.outputs[step.name], ignored[step.name]...)
			path := c.diff
			if path == "" {
				path = c.path
			}
			require.Contains(t, d.DetailedDiff, path)
			assert.Len(t, d.DetailedDiff, 1)
			assert.Equal(t, pulumirpc.DiffResponse_DIFF_SOME, d.Changes)
			assert.Equal(t, c.replace, len(d.Replaces) > 0)
			assert.Equal(t, c.replace && slices.Contains([]string{"port", "scheduled"}, c.of) || c.value == "another" && c.of == "bucket",
				d.DeleteBeforeReplace, "the others have automatic names")
		})
	}
}

func TestNoChanges(t *testing.T) {
	s := build(t, "")
	cases := []struct {
		of, path string
		value    any
	}{
		{"subnet", "network", s.out("vpc", "selfLink")},                         // the same in another form
		{"subnet", "network", s.out("vpc", "name")},                             //
		{"peers", "sourceRanges", []any{"10.4.0.0/16", "10.0.0.0/20"}},          // in another order
		{"subnet", "privateIpGoogleAccess", nil},                                // left to the cloud
		{"vpc", "project", project},                                             // set explicitly
		{"pool", "nodeConfig", nil},                                             //
		{"rule", "portRange", "80-80"},                                          //
		{"certificate", "managed", props{"domains": []any{"www.example.com."}}}, //
		{"bucket", "location", "eu"},                                            // Google returns it in capitals
		{"bucket", "softDeletePolicy", nil},                                     // left to the cloud
		{"creator", "bucket", "b/" + s.out("bucket", "name")},                   // the provider returns this form
		{"check", "healthyThreshold", 2},                                        // a default set explicitly
		{"cluster", "maintenancePolicy", nil},                                   //
		{"backend", "backends", []any{props{"group": strings.TrimPrefix(s.group(), "https://www.googleapis.com/compute/v1/"), "balancingMode": "RATE", "maxRatePerInstance": 100, "capacityScaler": 1}}},
	}
	for _, c := range cases {
		step := stepNamed(c.of)
		in := resource.NewPropertyMapFromMap(step.inputs(s))
		if c.value == nil {
			delete(in, resource.PropertyKey(c.path))
		} else {
			in[resource.PropertyKey(c.path)] = resource.NewPropertyValue(c.value)
		}
		checked, failures := s.check(step.token, step.name, s.inputs[step.name], in)
		require.Empty(t, failures)
		d := s.diff(step.token, step.name, s.ids[step.name], s.inputs[step.name], checked, s.outputs[step.name], ignored[step.name]...)
		assert.Empty(t, d.DetailedDiff, "%s.%s", c.of, c.path)
	}
}

func TestExplicitNameIsDeletedBeforeItIsReplaced(t *testing.T) {
	e := connect(t, openAPI(t, t.TempDir(), newHardware()), nil)
	old, _ := e.check(networkType, "vpc", nil, resource.NewPropertyMapFromMap(props{"name": "own"}))
	in, _ := e.check(networkType, "vpc", old, resource.NewPropertyMapFromMap(props{"name": "own", "description": "x"}))
	assert.True(t, e.diff(networkType, "vpc", "id", old, in, old).DeleteBeforeReplace)
	old, _ = e.check(networkType, "vpc", nil, resource.PropertyMap{})
	in, _ = e.check(networkType, "vpc", old, resource.NewPropertyMapFromMap(props{"description": "x"}))
	assert.False(t, e.diff(networkType, "vpc", "id", old, in, old).DeleteBeforeReplace)
}

func TestUnknownType(t *testing.T) {
	e := connect(t, openAPI(t, t.TempDir(), newHardware()), nil)
	_, err := e.client.Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn("gcp:sql/databaseInstance:DatabaseInstance", "db")})
	require.ErrorContains(t, err, `the local cloud does not know the resource type "gcp:sql/databaseInstance:DatabaseInstance"`)
	_, err = e.client.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "gcp:dns/getKeys:getKeys"})
	require.ErrorContains(t, err, `the local cloud does not know the function "gcp:dns/getKeys:getKeys"`)
}
