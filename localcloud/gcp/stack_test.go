package gcp

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/gcp/api"
)

// step is one resource of the test stack; its inputs may use the outputs of those before it.
type step struct {
	name, token string
	inputs      func(s *stand) props
}

// ignored lists, by step, the fields whose changes the program ignores: Google fills them in and the provider does not
// mark them as computed.
var ignored = map[string][]string{
	"cluster": {"nodeConfig"},
	"pool":    {"nodeConfig.kubeletConfig", "nodeConfig.resourceLabels"},
}

// stand is the deployed test stack: everything that a site in one region needs.
type stand struct {
	*engine
	api      *API
	hardware *hardware
	ids      map[string]string
	inputs   map[string]resource.PropertyMap
	outputs  map[string]resource.PropertyMap
}

func (s *stand) out(name, property string) string {
	return s.outputs[name][resource.PropertyKey(property)].StringValue()
}

func service(name string) func(*stand) props {
	return func(*stand) props { return props{"service": name, "disableOnDestroy": false} }
}

// Tokens of the resource types in the test stack.
const (
	networkType        = "gcp:compute/network:Network"
	subnetworkType     = "gcp:compute/subnetwork:Subnetwork"
	routerType         = "gcp:compute/router:Router"
	natType            = "gcp:compute/routerNat:RouterNat"
	firewallType       = "gcp:compute/firewall:Firewall"
	diskType           = "gcp:compute/disk:Disk"
	accountType        = "gcp:serviceaccount/account:Account"
	memberType         = "gcp:projects/iAMMember:IAMMember"
	serviceType        = "gcp:projects/service:Service"
	addressType        = "gcp:compute/globalAddress:GlobalAddress"
	healthCheckType    = "gcp:compute/healthCheck:HealthCheck"
	backendServiceType = "gcp:compute/backendService:BackendService"
	urlMapType         = "gcp:compute/uRLMap:URLMap"
	httpProxyType      = "gcp:compute/targetHttpProxy:TargetHttpProxy"
	httpsProxyType     = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"
	channelType        = "gcp:monitoring/notificationChannel:NotificationChannel"
	uptimeType         = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"
	alertType          = "gcp:monitoring/alertPolicy:AlertPolicy"
	dashboardType      = "gcp:monitoring/dashboard:Dashboard"
	certificateType    = "gcp:compute/managedSslCertificate:ManagedSslCertificate"
	forwardingRuleType = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
	policyType         = "gcp:compute/resourcePolicy:ResourcePolicy"
	attachmentType     = "gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment"
	accountMemberType  = "gcp:serviceaccount/iAMMember:IAMMember"
	bucketType         = "gcp:storage/bucket:Bucket"
	bucketMemberType   = "gcp:storage/bucketIAMMember:BucketIAMMember"
)

const region, zone = "europe-west1", "europe-west1-b"

var steps = []step{
	{"compute-api", serviceType, service(api.Compute)},
	{"container-api", serviceType, service(api.Container)},
	{"dns-api", serviceType, service(api.DNS)},
	{"iam-api", serviceType, service(api.IAM)},
	{"monitoring-api", serviceType, service(api.Monitoring)},
	{"storage-api", serviceType, service(api.Storage)},
	{"vpc", networkType, func(*stand) props { return props{"autoCreateSubnetworks": false} }},
	{"subnet", subnetworkType, func(s *stand) props {
		return props{"network": s.ids["vpc"], "region": region, "ipCidrRange": "10.0.0.0/20",
			"privateIpGoogleAccess": true, "secondaryIpRanges": []any{
				props{"rangeName": "pods", "ipCidrRange": "10.4.0.0/16"},
				props{"rangeName": "services", "ipCidrRange": "10.8.0.0/20"}}}
	}},
	{"router", routerType, func(s *stand) props { return props{"network": s.out("vpc", "selfLink"), "region": region} }},
	{"nat", natType, func(s *stand) props {
		return props{"router": s.out("router", "name"), "region": region, "natIpAllocateOption": "AUTO_ONLY",
			"sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS", "subnetworks": []any{props{"name": s.ids["subnet"],
				"sourceIpRangesToNats": []any{"ALL_IP_RANGES"}}}}
	}},
	{"peers", firewallType, func(s *stand) props {
		return props{"network": s.ids["vpc"], "sourceRanges": []any{"10.0.0.0/20", "10.4.0.0/16"},
			"targetTags": []any{"node"}, "allows": []any{props{"protocol": "tcp", "ports": []any{"2379-2380", "4000"}},
				props{"protocol": "icmp"}}}
	}},
	{"disk", diskType, func(*stand) props { return props{"zone": zone, "size": 20, "type": "pd-balanced"} }},
	{"schedule", policyType, func(*stand) props {
		return props{"region": region, "snapshotSchedulePolicy": props{
			"schedule":           props{"dailySchedule": props{"daysInCycle": 1, "startTime": "04:00"}},
			"retentionPolicy":    props{"maxRetentionDays": 14, "onSourceDiskDelete": "KEEP_AUTO_SNAPSHOTS"},
			"snapshotProperties": props{"storageLocations": "eu"}}}
	}},
	{"scheduled", attachmentType, func(s *stand) props {
		return props{"disk": s.out("disk", "name"), "zone": zone, "name": s.out("schedule", "name")}
	}},
	{"bucket", bucketType, func(*stand) props {
		return props{"location": "EU", "uniformBucketLevelAccess": true, "publicAccessPrevention": "enforced",
			"softDeletePolicy": props{"retentionDurationSeconds": 0}, "lifecycleRules": []any{
				props{"action": props{"type": "Delete"}, "condition": props{"age": 30}},
				props{"action": props{"type": "AbortIncompleteMultipartUpload"}, "condition": props{"age": 1}}}}
	}},
	{"account", accountType, func(*stand) props { return props{"accountId": "geo-nodes"} }},
	{"role", memberType, func(s *stand) props {
		return props{"project": project, "role": "roles/container.defaultNodeServiceAccount",
			"member": s.out("account", "member")}
	}},
	{"creator", bucketMemberType, func(s *stand) props {
		return props{"bucket": s.out("bucket", "name"), "role": "roles/storage.objectCreator", "member": s.out("account", "member")}
	}},
	{"impersonator", accountMemberType, func(s *stand) props {
		return props{"serviceAccountId": s.out("account", "name"), "role": "roles/iam.serviceAccountTokenCreator",
			"member": s.out("account", "member")}
	}},
	{"cluster", api.ClusterType, func(s *stand) props {
		return props{"location": zone, "network": s.ids["vpc"], "subnetwork": s.ids["subnet"],
			"ipAllocationPolicy":   props{"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services"},
			"privateClusterConfig": props{"enablePrivateNodes": true, "masterIpv4CidrBlock": "10.15.0.0/28"},
			"dnsConfig": props{"clusterDns": "CLOUD_DNS", "clusterDnsScope": "VPC_SCOPE",
				"clusterDnsDomain": "europe-west1.geo"},
			"datapathProvider": "ADVANCED_DATAPATH", "removeDefaultNodePool": true, "initialNodeCount": 1,
			"nodeConfig":         props{"serviceAccount": s.out("account", "email")},
			"deletionProtection": false}
	}},
	{"pool", api.NodePoolType, func(s *stand) props {
		return props{"cluster": s.out("cluster", "name"), "location": s.out("cluster", "location"), "nodeCount": 2,
			"nodeConfig": props{"machineType": "e2-standard-4", "tags": []any{"node"}, "diskSizeGb": 50,
				"serviceAccount": s.out("account", "email")}}
	}},
	{"channel", channelType, func(*stand) props {
		return props{"type": "email", "labels": props{"email_address": "operator@example.com"}}
	}},
	{"uptime", uptimeType, func(*stand) props {
		return props{"displayName": "the site", "timeout": "10s", "period": "60s", "httpCheck": props{"path": "/"},
			"monitoredResource": props{"type": "uptime_url", "labels": props{"host": "192.0.2.80", "project_id": project}},
			"selectedRegions":   []any{"EUROPE", "USA"}}
	}},
	{"alert", alertType, func(s *stand) props {
		return props{"displayName": "a region is out", "combiner": "OR", "notificationChannels": []any{s.ids["channel"]},
			"conditions": []any{props{"displayName": "out", "conditionPrometheusQueryLanguage": props{
				"query": `absent(up{job="pd"} == 1)`, "duration": "180s", "evaluationInterval": "60s"}}}}
	}},
	{"uptime-alert", alertType, func(s *stand) props {
		return props{"displayName": "the site is down", "combiner": "OR", "notificationChannels": []any{s.ids["channel"]},
			"conditions": []any{props{"displayName": "down", "conditionThreshold": props{
				"comparison": "COMPARISON_GT", "duration": "60s", "thresholdValue": 1,
				"filter": `metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND metric.label.check_id="` +
					s.out("uptime", "uptimeCheckId") + `" AND resource.type="uptime_url"`}}}}
	}},
	{"dashboard", dashboardType, func(*stand) props {
		return props{"dashboardJson": `{"displayName":"all","mosaicLayout":{"columns":48,"tiles":[{"width":24,"height":16,` +
			`"widget":{"title":"up","xyChart":{"dataSets":[{"plotType":"LINE","timeSeriesQuery":{"prometheusQuery":"sum(up)"}}]}}}]}}`}
	}},
	{"address", addressType, func(*stand) props { return props{} }},
	{"check", healthCheckType, func(*stand) props {
		return props{"httpHealthCheck": props{"portSpecification": "USE_FIXED_PORT", "port": 30081, "requestPath": "/healthz.php"}}
	}},
	{"port", api.NamedPortType, func(s *stand) props {
		return props{"group": s.group(), "zone": zone, "name": "http", "port": 30080}
	}},
	{"shield", securityPolicyType, func(*stand) props { return props{"rules": []any{defaultRule()}} }},
	{"backend", backendServiceType, func(s *stand) props {
		return props{"loadBalancingScheme": "EXTERNAL_MANAGED", "healthChecks": s.ids["check"], "portName": "http",
			"securityPolicy": s.ids["shield"],
			"backends":       []any{props{"group": s.group(), "balancingMode": "RATE", "maxRatePerInstance": 100}}}
	}},
	{"map", urlMapType, func(s *stand) props { return props{"defaultService": s.ids["backend"]} }},
	{"proxy", httpProxyType, func(s *stand) props { return props{"urlMap": s.ids["map"]} }},
	{"rule", forwardingRuleType, func(s *stand) props {
		return props{"target": s.ids["proxy"], "ipAddress": s.out("address", "address"), "portRange": "80",
			"loadBalancingScheme": "EXTERNAL_MANAGED"}
	}},
	{"certificate", certificateType, func(*stand) props {
		return props{"managed": props{"domains": []any{"www.example.com"}}}
	}},
	{"https-proxy", httpsProxyType, func(s *stand) props {
		return props{"urlMap": s.ids["map"], "sslCertificates": []any{s.ids["certificate"]}}
	}},
}

// group is the URL of the pool's instance group.
func (s *stand) group() string {
	return s.outputs["pool"]["managedInstanceGroupUrls"].ArrayValue()[0].StringValue()
}

// build creates the stack up to, but without, the named step; all of it for "".
func build(t *testing.T, until string) *stand {
	t.Helper()
	h := newHardware()
	return buildOn(t, openAPI(t, t.TempDir(), h), h, until)
}

func buildOn(t *testing.T, a *API, h *hardware, until string) *stand {
	t.Helper()
	s := &stand{engine: connect(t, a, nil), api: a, hardware: h, ids: map[string]string{},
		inputs: map[string]resource.PropertyMap{}, outputs: map[string]resource.PropertyMap{}}
	for _, step := range steps {
		if step.name == until {
			return s
		}
		require.NoError(t, s.make(step), step.name)
	}
	return s
}

func (s *stand) make(step step) error {
	s.t.Helper()
	in, failures := s.check(step.token, step.name, nil, resource.NewPropertyMapFromMap(step.inputs(s)))
	require.Empty(s.t, failures, step.name)
	id, out, err := s.createChecked(step.token, step.name, in, false)
	if err == nil {
		s.ids[step.name], s.inputs[step.name], s.outputs[step.name] = id, in, out
	}
	return err
}

func stepNamed(name string) step {
	for _, s := range steps {
		if s.name == name {
			return s
		}
	}
	panic("no step " + name)
}

// with returns a resource's inputs with some properties replaced; nil removes one.
func (s *stand) with(name string, changes props) resource.PropertyMap {
	in := s.inputs[name].Copy()
	for k, v := range changes {
		if v == nil {
			delete(in, resource.PropertyKey(k))
		} else {
			in[resource.PropertyKey(k)] = resource.NewPropertyValue(v)
		}
	}
	return in
}

// props are properties in plain Go.
type props = map[string]any
