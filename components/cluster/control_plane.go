package cluster

import (
	"time"

	"geo-wordpress/components/network"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// controlPlane declares the GKE cluster without machines.
func (c *Cluster) controlPlane(ctx *pulumi.Context, name string, args Args,
	account *serviceaccount.Account, role *projects.IAMMember,
) (*container.Cluster, error) {
	networks := container.ClusterMasterAuthorizedNetworksConfigCidrBlockArray{}
	for _, prefix := range args.Config.AuthorizedNetworks {
		networks = append(networks, &container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs{
			CidrBlock: pulumi.String(prefix.String()),
		})
	}
	return container.NewCluster(ctx, name, &container.ClusterArgs{
		Description: pulumi.Sprintf("geo-wordpress in %s", args.Region.Name),
		// One zone: the region is the failure domain, and a disk lives in a zone.
		Location: pulumi.String(args.Region.Zone),

		Network:          args.Network.ID,
		Subnetwork:       args.Network.Subnetwork(args.Region),
		NetworkingMode:   pulumi.String("VPC_NATIVE"),
		DatapathProvider: pulumi.String("ADVANCED_DATAPATH"), // Dataplane V2: NetworkPolicies are enforced
		IpAllocationPolicy: &container.ClusterIpAllocationPolicyArgs{
			ClusterSecondaryRangeName:  pulumi.String(network.PodRangeName),
			ServicesSecondaryRangeName: pulumi.String(network.ServiceRangeName),
		},
		// Headless Services resolve in the whole VPC, under a domain of the cluster's own: this is how the regions'
		// peers find each other.
		DnsConfig: &container.ClusterDnsConfigArgs{
			ClusterDns:       pulumi.String("CLOUD_DNS"),
			ClusterDnsScope:  pulumi.String("VPC_SCOPE"),
			ClusterDnsDomain: pulumi.String(args.Region.DNSDomain),
		},

		PrivateClusterConfig: &container.ClusterPrivateClusterConfigArgs{
			EnablePrivateNodes:    pulumi.Bool(true),
			EnablePrivateEndpoint: pulumi.Bool(false),
			MasterIpv4CidrBlock:   pulumi.String(args.Region.Ranges.ControlPlane.String()),
		},
		MasterAuthorizedNetworksConfig: &container.ClusterMasterAuthorizedNetworksConfigArgs{
			CidrBlocks: networks,
			// Google's default admits every machine on Google Cloud that has a public address, anybody's.
			GcpPublicCidrsAccessEnabled: pulumi.Bool(false),
		},
		MasterAuth: &container.ClusterMasterAuthArgs{
			ClientCertificateConfig: &container.ClusterMasterAuthClientCertificateConfigArgs{
				IssueClientCertificate: pulumi.Bool(false),
			},
		},
		WorkloadIdentityConfig: &container.ClusterWorkloadIdentityConfigArgs{
			WorkloadPool: pulumi.Sprintf("%s.svc.id.goog", args.Config.Project),
		},
		EnableShieldedNodes: pulumi.Bool(true),

		ReleaseChannel:    &container.ClusterReleaseChannelArgs{Channel: pulumi.String("REGULAR")},
		MaintenancePolicy: maintenance(args.Region),

		AddonsConfig: &container.ClusterAddonsConfigArgs{
			// Its controller makes groups, firewalls and forwarding rules that the graph would not know.
			HttpLoadBalancing: &container.ClusterAddonsConfigHttpLoadBalancingArgs{Disabled: pulumi.Bool(true)},
			// New clusters of 1.34.1 and later have NodeLocal DNSCache unless told otherwise. With Cloud DNS the
			// metadata server answers on the node already, and turning the cache on makes all machines anew: off
			// keeps clusters of all ages alike. The network policies admit either (components/namespace).
			DnsCacheConfig: &container.ClusterAddonsConfigDnsCacheConfigArgs{Enabled: pulumi.Bool(false)},
			GcePersistentDiskCsiDriverConfig: &container.ClusterAddonsConfigGcePersistentDiskCsiDriverConfigArgs{
				Enabled: pulumi.Bool(true),
			},
		},
		LoggingConfig: &container.ClusterLoggingConfigArgs{
			EnableComponents: pulumi.ToStringArray([]string{"SYSTEM_COMPONENTS", "WORKLOADS"}),
		},
		MonitoringConfig: &container.ClusterMonitoringConfigArgs{
			EnableComponents:  pulumi.ToStringArray([]string{"SYSTEM_COMPONENTS"}),
			ManagedPrometheus: &container.ClusterMonitoringConfigManagedPrometheusArgs{Enabled: pulumi.Bool(false)},
		},

		// The machines are a node pool of the graph's own; GKE insists on making one, so it makes the smallest.
		RemoveDefaultNodePool: pulumi.Bool(true),
		InitialNodeCount:      pulumi.Int(1),
		NodeConfig:            temporaryMachine(account),

		DeletionProtection: pulumi.Bool(args.Config.DeletionProtection),
	}, pulumi.Parent(c), args.Project.Ready(), pulumi.DependsOn([]pulumi.Resource{role}),
		// GKE refuses to change the scope or the domain of a cluster's DNS; the provider would plan an update all
		// the same. (hashicorp/terraform-provider-google#14959)
		pulumi.ReplaceOnChanges([]string{"dnsConfig"}),
		// It configures the temporary pool only. Once that is gone, GKE returns nothing for it, and later the first
		// pool's; the provider would replace the cluster. (hashicorp/terraform-provider-google#12070)
		pulumi.IgnoreChanges([]string{"nodeConfig"}))
}

// temporaryMachine is the one machine that GKE makes with the cluster and that the provider deletes at once. Without an
// account it would run as the Compute default service account, which many organisations delete: then no cluster could
// be made (hashicorp/terraform-provider-google#4435). Its disk is small, and no SSD, so as not to count in that quota.
func temporaryMachine(account *serviceaccount.Account) *container.ClusterNodeConfigArgs {
	return &container.ClusterNodeConfigArgs{
		MachineType:    pulumi.String("e2-medium"),
		DiskSizeGb:     pulumi.Int(20),
		DiskType:       pulumi.String("pd-standard"),
		ServiceAccount: account.Email,
		OauthScopes:    pulumi.ToStringArray([]string{cloudPlatformScope}),
		// As the pool's own, for organisations whose policies ask it of every machine.
		WorkloadMetadataConfig: &container.ClusterNodeConfigWorkloadMetadataConfigArgs{
			Mode: pulumi.String("GKE_METADATA"),
		},
		ShieldedInstanceConfig: &container.ClusterNodeConfigShieldedInstanceConfigArgs{
			EnableSecureBoot:          pulumi.Bool(true),
			EnableIntegrityMonitoring: pulumi.Bool(true),
		},
	}
}

// weekdays of the maintenance windows, in RFC 5545's words.
var weekdays = []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}

// maintenance gives each region a window of its own, because the database loses its quorum when GKE upgrades a second
// region at the same time: the nights and then the days of the week (UTC), fourteen windows in all. GKE asks for at
// least 48 hours in any 32 days, which twelve hours once a week are exactly.
func maintenance(region regions.Region) *container.ClusterMaintenancePolicyArgs {
	day, half := region.Index%len(weekdays), region.Index/len(weekdays)%2
	start := time.Date(2026, time.January, 5, 12*half, 0, 0, 0, time.UTC)
	return &container.ClusterMaintenancePolicyArgs{
		RecurringWindow: &container.ClusterMaintenancePolicyRecurringWindowArgs{
			StartTime:  pulumi.String(start.Format(time.RFC3339)),
			EndTime:    pulumi.String(start.Add(12 * time.Hour).Format(time.RFC3339)),
			Recurrence: pulumi.String("FREQ=WEEKLY;BYDAY=" + weekdays[day]),
		},
	}
}
