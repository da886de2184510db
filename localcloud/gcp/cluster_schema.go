package gcp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/schema"
)

// toggle declares an object with one boolean.
func toggle(name string, opts ...schema.Option) *schema.Field {
	return objectOf(fields{name: boolean(append([]schema.Option{required}, opts...)...)}, computed)
}

func withFields(o *schema.Field, opts ...schema.Option) *schema.Field {
	for _, opt := range opts {
		opt(o)
	}
	return o
}

// clusterFields are a cluster's inputs. A field is forceNew where terraform-provider-google-beta 5.42 marks it so;
// dnsConfig is not, although the API refuses to change it.
var clusterFields = fields{
	"addonsConfig": objectOf(fields{
		"dnsCacheConfig":                   toggle("enabled"),
		"gcePersistentDiskCsiDriverConfig": toggle("enabled", only(true, "its machines always attach persistent disks")),
		"horizontalPodAutoscaling":         toggle("disabled"),
		"httpLoadBalancing":                toggle("disabled", only(true, "no controller turns Ingresses into load balancers")),
		"networkPolicyConfig":              toggle("disabled", only(true, "Calico is not there; Dataplane V2 enforces policies")),
	}, computed),
	"binaryAuthorization": objectOf(fields{
		"evaluationMode": str(only("DISABLED", "no image is attested")),
	}),
	"clusterAutoscaling": objectOf(fields{
		"enabled":            boolean(only(false, "no node pools are made by themselves")),
		"autoscalingProfile": str(preset("BALANCED"), oneOf("BALANCED", "OPTIMIZE_UTILIZATION")),
	}, computed),
	"confidentialNodes":     withFields(toggle("enabled", forceNew, only(false, "its machines are simulated")), forceNew),
	"costManagementConfig":  toggle("enabled"),
	"datapathProvider":      str(computed, forceNew, only("ADVANCED_DATAPATH", "network policies are always enforced")),
	"defaultMaxPodsPerNode": integer(computed, forceNew, only(110, "every node has a /24 for its pods")),
	"defaultSnatStatus":     toggle("disabled"),
	"deletionProtection":    boolean(preset(true)),
	"description":           str(forceNew),
	"dnsConfig": objectOf(fields{
		"clusterDns": str(preset("PROVIDER_UNSPECIFIED"), oneOf("PROVIDER_UNSPECIFIED", "PLATFORM_DEFAULT",
			"CLOUD_DNS")),
		"clusterDnsScope": str(preset("DNS_SCOPE_UNSPECIFIED"), oneOf("DNS_SCOPE_UNSPECIFIED", "CLUSTER_SCOPE",
			"VPC_SCOPE")),
		"clusterDnsDomain": str(checkString(checkClusterDomain)),
	}),
	"enableIntranodeVisibility": boolean(computed),
	"enableKubernetesAlpha":     boolean(preset(false), forceNew, only(false, "its control planes have the released features only")),
	"enableL4IlbSubsetting":     boolean(preset(false), only(false, "there are no internal load balancers")),
	"enableLegacyAbac":          boolean(preset(false), only(false, "RBAC decides")),
	"enableShieldedNodes":       boolean(preset(true)),
	"gatewayApiConfig":          objectOf(fields{"channel": str(required, only("CHANNEL_DISABLED", "there is no gateway controller"))}),
	"initialNodeCount":          integer(forceNew, between(0, 1000)),
	"ipAllocationPolicy": objectOf(fields{
		// Google creates the ranges if they are not named. Here the program must name ranges of the subnetwork.
		"clusterSecondaryRangeName":  str(required, forceNew),
		"servicesSecondaryRangeName": str(required, forceNew),
		"stackType":                  str(computed, forceNew, only("IPV4", noIPv6)),
	}, required, forceNew),
	"loggingConfig":     components(),
	"maintenancePolicy": maintenance,
	"masterAuth": objectOf(fields{
		"clientCertificateConfig": objectOf(fields{"issueClientCertificate": boolean(required, forceNew,
			only(false, "clients have tokens"))}, required, forceNew),
	}, computed),
	"masterAuthorizedNetworksConfig": objectOf(fields{
		"cidrBlocks": setOf(objectOf(fields{"cidrBlock": str(required, anyRange), "displayName": str()}),
			maxItems(100)),
		"gcpPublicCidrsAccessEnabled": boolean(computed),
	}),
	"minMasterVersion": str(computed, checkString(checkVersion)),
	"monitoringConfig": objectOf(fields{
		"enableComponents":  setOf(str(), computed),
		"managedPrometheus": toggle("enabled"),
	}, computed),
	"network":       str(preset("default"), forceNew, ref(networks)),
	"networkPolicy": toggle("enabled", only(false, "Calico is not there; Dataplane V2 enforces policies")),
	"networkingMode": str(preset("VPC_NATIVE"), forceNew, only("VPC_NATIVE",
		"clusters by routes are not")),
	// nodeConfig configures the default pool. As of 5.42, adding or removing it replaces the cluster, and so does
	// changing a field that replaces a pool.
	"nodeConfig":    objectOf(nodeConfigFields(), computed, forceNew),
	"nodeLocations": setOf(str(), computed),
	"nodeVersion":   str(computed, checkString(checkVersion)),
	"privateClusterConfig": objectOf(fields{
		"enablePrivateNodes": boolean(forceNew),
		"enablePrivateEndpoint": boolean(only(false,
			"a control plane without a public endpoint could not be reached by the program")),
		"masterGlobalAccessConfig": toggle("enabled"),
		"masterIpv4CidrBlock":      str(computed, forceNew, sizedRange(28, 28)),
	}, computed),
	"releaseChannel": objectOf(fields{"channel": str(required, oneOf("UNSPECIFIED", "RAPID", "REGULAR", "STABLE",
		"EXTENDED"))}, computed),
	"removeDefaultNodePool": boolean(),
	"resourceLabels":        labels(),
	"securityPostureConfig": objectOf(fields{
		"mode": str(computed, oneOf("DISABLED", "BASIC", "ENTERPRISE", "MODE_UNSPECIFIED")),
		"vulnerabilityMode": str(computed, oneOf("VULNERABILITY_DISABLED", "VULNERABILITY_BASIC",
			"VULNERABILITY_ENTERPRISE", "VULNERABILITY_MODE_UNSPECIFIED")),
	}, computed),
	"serviceExternalIpsConfig": toggle("enabled", only(false, "Services have no external addresses")),
	"subnetwork":               str(required, forceNew, ref(subnetworks)),
	"verticalPodAutoscaling":   toggle("enabled", only(false, "there is no vertical pod autoscaler")),
	"workloadIdentityConfig":   objectOf(fields{"workloadPool": str()}, computed),
}

func components() *schema.Field {
	return objectOf(fields{"enableComponents": listOf(str(oneOf("SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER",
		"SCHEDULER", "CONTROLLER_MANAGER")), required)}, computed)
}

var maintenance = objectOf(fields{
	"dailyMaintenanceWindow": objectOf(fields{"startTime": str(required,
		matches(regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`), "a time of day is HH:MM"))}),
	"recurringWindow": objectOf(fields{
		"startTime": str(required, checkString(checkTime)), "endTime": str(required, checkString(checkTime)),
		"recurrence": str(required, matches(regexp.MustCompile(`^FREQ=(DAILY|WEEKLY|MONTHLY)(;[A-Z]+=[A-Z0-9,+-]+)*$`),
			"a recurrence is an RRULE of RFC 5545, such as FREQ=WEEKLY;BYDAY=SA,SU")),
	}),
	"maintenanceExclusions": setOf(objectOf(fields{
		"exclusionName": str(required), "startTime": str(required, checkString(checkTime)),
		"endTime": str(required, checkString(checkTime)),
		"exclusionOptions": objectOf(fields{"scope": str(required, oneOf("NO_UPGRADES", "NO_MINOR_UPGRADES",
			"NO_MINOR_OR_NODE_UPGRADES"))}),
	}), maxItems(20)),
})

func checkTime(s string) error {
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return fmt.Errorf("%q is not a time such as 2025-01-01T03:00:00Z (RFC 3339)", s)
	}
	return nil
}

func checkClusterDomain(d string) error {
	if len(d) > 200 || !domainPattern.MatchString(strings.TrimSuffix(d, ".")) {
		return fmt.Errorf("%q is not a DNS domain such as cluster.local", d)
	}
	return nil
}

// checkVersion allows only the supported version, in full or in part.
func checkVersion(v string) error {
	if slices.Contains([]string{"latest", "1.33", kubernetesVersion, gkeVersion}, v) {
		return nil
	}
	return fmt.Errorf("the local cloud runs Kubernetes %s only, not %q", kubernetesVersion, v)
}

func checkCluster(in object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	fail := func(path, format string, args ...any) { failures = append(failures, failure(path, format, args...)) }

	dns, scoped := in.str("dnsConfig.clusterDns"), in.str("dnsConfig.clusterDnsScope")
	if in.known("dnsConfig.clusterDns") && dns != "CLOUD_DNS" && (scoped == "CLUSTER_SCOPE" || scoped == "VPC_SCOPE") {
		fail("dnsConfig.clusterDnsScope", "a DNS scope needs clusterDns CLOUD_DNS, not %q", dns)
	}
	if domain := in.str("dnsConfig.clusterDnsDomain"); domain != "" && domain != "cluster.local" &&
		in.known("dnsConfig.clusterDnsScope") && scoped != "VPC_SCOPE" {
		fail("dnsConfig.clusterDnsDomain", "a domain of its own needs clusterDnsScope VPC_SCOPE, not %q", scoped)
	}
	if p := "maintenancePolicy."; in.has(p+"dailyMaintenanceWindow") == in.has(p+"recurringWindow") && in.known("maintenancePolicy") {
		fail("maintenancePolicy", "one of dailyMaintenanceWindow and recurringWindow must be given, and not both")
	}
	w := "maintenancePolicy.recurringWindow."
	start, err1 := time.Parse(time.RFC3339, in.str(w+"startTime"))
	end, err2 := time.Parse(time.RFC3339, in.str(w+"endTime"))
	if err1 == nil && err2 == nil {
		// GKE requires windows of at least four hours.
		if length := end.Sub(start); length < 4*time.Hour || length > 24*time.Hour {
			fail(w+"endTime", "a maintenance window has 4 to 24 hours, not %s", length)
		}
	}
	for i, c := range in.list("monitoringConfig.enableComponents") {
		known := []string{"SYSTEM_COMPONENTS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER", "STORAGE", "HPA", "POD",
			"DAEMONSET", "DEPLOYMENT", "STATEFULSET"}
		if s, ok := c.(string); ok && !slices.Contains(known, s) {
			fail(fmt.Sprintf("monitoringConfig.enableComponents[%d]", i), "%q is not one of %s", s,
				strings.Join(known, ", "))
		}
	}
	return failures
}
