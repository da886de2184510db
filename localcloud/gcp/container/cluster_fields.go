package container

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/compute"
	"geo-wordpress/localcloud/gcp/schema"
)

// toggle declares an object with one boolean.
func toggle(name string, opts ...schema.Option) *schema.Field {
	return schema.ObjectOf(schema.Fields{name: schema.Bool(append(opts, schema.Required)...)}, schema.Computed)
}

// clusterFields are a cluster's inputs. A field is ForceNew where terraform-provider-google-beta 5.42 marks it so;
// dnsConfig is not, although the API refuses to change it.
func clusterFields() schema.Fields {
	return schema.Fields{
		"addonsConfig": schema.ObjectOf(schema.Fields{
			"dnsCacheConfig": toggle("enabled"),
			"gcePersistentDiskCsiDriverConfig": toggle("enabled",
				schema.Only(true, "its machines always attach persistent disks")),
			"httpLoadBalancing": toggle("disabled",
				schema.Only(true, "no controller turns Ingresses into load balancers")),
		}, schema.Computed),
		"datapathProvider": schema.String(schema.Computed, schema.ForceNew,
			schema.Only("ADVANCED_DATAPATH", "network policies are always enforced")),
		"deletionProtection": schema.Bool(schema.Default(true)),
		"description":        schema.String(schema.ForceNew),
		"dnsConfig": schema.ObjectOf(schema.Fields{
			"clusterDns": schema.String(schema.Default("PROVIDER_UNSPECIFIED"),
				schema.OneOf("PROVIDER_UNSPECIFIED", "PLATFORM_DEFAULT", "CLOUD_DNS")),
			"clusterDnsScope": schema.String(schema.Default("DNS_SCOPE_UNSPECIFIED"),
				schema.OneOf("DNS_SCOPE_UNSPECIFIED", "CLUSTER_SCOPE", "VPC_SCOPE")),
			"clusterDnsDomain": schema.String(schema.CheckString(checkDNSDomain)),
		}),
		"enableShieldedNodes": schema.Bool(schema.Default(true)),
		"initialNodeCount":    schema.Int(schema.ForceNew, schema.Between(0, 1000)),
		"ipAllocationPolicy": schema.ObjectOf(schema.Fields{
			// Google creates the ranges if they are not named. Here the program must name ranges of the subnetwork.
			"clusterSecondaryRangeName":  schema.String(schema.Required, schema.ForceNew),
			"servicesSecondaryRangeName": schema.String(schema.Required, schema.ForceNew),
		}, schema.Required, schema.ForceNew),
		"loggingConfig": schema.ObjectOf(schema.Fields{
			"enableComponents": schema.ListOf(schema.String(schema.OneOf("SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER",
				"SCHEDULER", "CONTROLLER_MANAGER")), schema.Required),
		}, schema.Computed),
		"maintenancePolicy": schema.ObjectOf(schema.Fields{
			"recurringWindow": schema.ObjectOf(schema.Fields{
				"startTime": schema.String(schema.Required, schema.CheckString(checkTime)),
				"endTime":   schema.String(schema.Required, schema.CheckString(checkTime)),
				"recurrence": schema.String(schema.Required, schema.Matches(
					regexp.MustCompile(`^FREQ=(DAILY|WEEKLY|MONTHLY)(;[A-Z]+=[A-Z0-9,+-]+)*$`),
					"a recurrence is an RRULE of RFC 5545, such as FREQ=WEEKLY;BYDAY=SA,SU")),
			}, schema.Required),
		}),
		"masterAuth": schema.ObjectOf(schema.Fields{
			"clientCertificateConfig": schema.ObjectOf(schema.Fields{
				"issueClientCertificate": schema.Bool(schema.Required, schema.ForceNew,
					schema.Only(false, "clients have tokens")),
			}, schema.Required, schema.ForceNew),
		}, schema.Computed),
		"masterAuthorizedNetworksConfig": schema.ObjectOf(schema.Fields{
			"cidrBlocks": schema.SetOf(schema.ObjectOf(schema.Fields{
				"cidrBlock": schema.String(schema.Required, compute.AnyRange),
			}), schema.MaxItems(100)),
			"gcpPublicCidrsAccessEnabled": schema.Bool(schema.Computed),
		}),
		"monitoringConfig": schema.ObjectOf(schema.Fields{
			"enableComponents": schema.SetOf(schema.String(schema.OneOf("SYSTEM_COMPONENTS", "APISERVER", "SCHEDULER",
				"CONTROLLER_MANAGER", "STORAGE", "HPA", "POD", "DAEMONSET", "DEPLOYMENT", "STATEFULSET")), schema.Computed),
			"managedPrometheus": toggle("enabled"),
		}, schema.Computed),
		"network": schema.String(schema.Required, schema.ForceNew, schema.Ref(api.Networks)),
		"networkingMode": schema.String(schema.Default("VPC_NATIVE"), schema.ForceNew,
			schema.Only("VPC_NATIVE", "there are no routes-based clusters")),
		// nodeConfig configures the default pool. As of 5.42, adding or removing it replaces the cluster, and so does
		// changing a field that replaces a pool.
		"nodeConfig": schema.ObjectOf(nodeConfigFields(), schema.Computed, schema.ForceNew),
		"privateClusterConfig": schema.ObjectOf(schema.Fields{
			"enablePrivateNodes": schema.Bool(schema.ForceNew),
			"enablePrivateEndpoint": schema.Bool(schema.Only(false,
				"the program could not reach a control plane without a public endpoint")),
			"masterIpv4CidrBlock": schema.String(schema.Computed, schema.ForceNew, compute.SizedRange(28, 28)),
		}, schema.Computed),
		"releaseChannel": schema.ObjectOf(schema.Fields{
			"channel": schema.String(schema.Required, schema.OneOf("UNSPECIFIED", "RAPID", "REGULAR", "STABLE", "EXTENDED")),
		}, schema.Computed),
		"removeDefaultNodePool": schema.Bool(schema.Required, schema.Only(true, "its node pools are declared")),
		"subnetwork":            schema.String(schema.Required, schema.ForceNew, schema.Ref(api.Subnetworks)),
		"workloadIdentityConfig": schema.ObjectOf(schema.Fields{
			"workloadPool": schema.String(),
		}, schema.Computed),
	}
}

func checkTime(s string) error {
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return fmt.Errorf("%q is not a time such as 2025-01-01T03:00:00Z (RFC 3339)", s)
	}
	return nil
}

var dnsDomainPattern = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func checkDNSDomain(d string) error {
	if len(d) > 200 || !dnsDomainPattern.MatchString(strings.TrimSuffix(d, ".")) {
		return fmt.Errorf("%q is not a DNS domain such as cluster.local", d)
	}
	return nil
}

func checkCluster(in api.Object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	fail := func(path, format string, args ...any) {
		failures = append(failures, api.Failure(path, format, args...))
	}

	dns, scope := in.Str("dnsConfig.clusterDns"), in.Str("dnsConfig.clusterDnsScope")
	if in.Known("dnsConfig.clusterDns") && dns != "CLOUD_DNS" && (scope == "CLUSTER_SCOPE" || scope == "VPC_SCOPE") {
		fail("dnsConfig.clusterDnsScope", "a DNS scope needs clusterDns CLOUD_DNS, not %q", dns)
	}
	if domain := in.Str("dnsConfig.clusterDnsDomain"); domain != "" && domain != "cluster.local" &&
		in.Known("dnsConfig.clusterDnsScope") && scope != "VPC_SCOPE" {
		fail("dnsConfig.clusterDnsDomain", "a domain of its own needs clusterDnsScope VPC_SCOPE, not %q", scope)
	}
	w := "maintenancePolicy.recurringWindow."
	start, err1 := time.Parse(time.RFC3339, in.Str(w+"startTime"))
	end, err2 := time.Parse(time.RFC3339, in.Str(w+"endTime"))
	if err1 == nil && err2 == nil {
		// GKE requires windows of at least four hours.
		if length := end.Sub(start); length < 4*time.Hour || length > 24*time.Hour {
			fail(w+"endTime", "a maintenance window has 4 to 24 hours, not %s", length)
		}
	}
	return failures
}
