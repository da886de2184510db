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

// controlPlane declares the GKE cluster without its node pool.
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
		// Headless Services resolve in the whole VPC, under the cluster's own domain. The regions' peers find each
		// other by these names.
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
			// Google's default admits any Google Cloud VM with a public address, whoever owns it.
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
			// The add-on's controller creates groups, firewalls and forwarding rules outside the graph.
			HttpLoadBalancing: &container.ClusterAddonsConfigHttpLoadBalancingArgs{Disabled: pulumi.Bool(true)},
			// GKE enables NodeLocal DNSCache by default in new clusters from 1.34.1 on. Cloud DNS already answers on
			// the node, from the metadata server, and enabling the cache recreates all machines. Disabled, clusters of
			// all ages are alike. The network policies admit both (components/namespace).
			DnsCacheConfig: &container.ClusterAddonsConfigDnsCacheConfigArgs{Enabled: pulumi.Bool(false)},
			GcePersistentDiskCsiDriverConfig: &container.ClusterAddonsConfigGcePersistentDiskCsiDriverConfigArgs{
				Enabled: pulumi.Bool(true),
			},
		},
		LoggingConfig: &container.ClusterLoggingConfigArgs{
			EnableComponents: pulumi.ToStringArray([]string{"SYSTEM_COMPONENTS", "WORKLOADS"}),
		},
		MonitoringConfig: &container.ClusterMonitoringConfigArgs{
			EnableComponents: pulumi.ToStringArray([]string{"SYSTEM_COMPONENTS"}),
			ManagedPrometheus: &container.ClusterMonitoringConfigManagedPrometheusArgs{
				// Google's default in new clusters; an update in place. Its collectors cost nothing while nothing is collected, but
				// take room on each machine.
				Enabled: pulumi.Bool(args.Config.Monitoring != nil),
			},
		},

		// The graph declares its own node pool. GKE always creates a default pool: keep it minimal and remove it.
		RemoveDefaultNodePool: pulumi.Bool(true),
		InitialNodeCount:      pulumi.Int(1),
		NodeConfig:            temporaryMachine(account),

		DeletionProtection: pulumi.Bool(args.Config.DeletionProtection),
	}, pulumi.Parent(c), args.Project.Ready(), pulumi.DependsOn([]pulumi.Resource{role}),
		// GKE cannot change the scope or the domain of a cluster's DNS, but the provider plans an update.
		// (hashicorp/terraform-provider-google#14959)
		pulumi.ReplaceOnChanges([]string{"dnsConfig"}),
		// nodeConfig configures the temporary pool only. After its removal GKE returns no nodeConfig, and later the
		// first pool's; the provider would replace the cluster. (hashicorp/terraform-provider-google#12070)
		pulumi.IgnoreChanges([]string{"nodeConfig"}))
}

// temporaryMachine configures the one machine of GKE's default pool, which the provider deletes at once. Without an
// account it would run as the Compute default service account. Many organisations delete that account, and then no
// cluster could be created (hashicorp/terraform-provider-google#4435). The disk is small and not an SSD, so it does not
// count in the SSD quota.
func temporaryMachine(account *serviceaccount.Account) *container.ClusterNodeConfigArgs {
	return &container.ClusterNodeConfigArgs{
		MachineType:    pulumi.String("e2-medium"),
		DiskSizeGb:     pulumi.Int(20),
		DiskType:       pulumi.String("pd-standard"),
		ServiceAccount: account.Email,
		OauthScopes:    pulumi.ToStringArray([]string{cloudPlatformScope}),
		// As in the node pool: some organisation policies require it of every machine.
		WorkloadMetadataConfig: &container.ClusterNodeConfigWorkloadMetadataConfigArgs{
			Mode: pulumi.String("GKE_METADATA"),
		},
		ShieldedInstanceConfig: &container.ClusterNodeConfigShieldedInstanceConfigArgs{
			EnableSecureBoot:          pulumi.Bool(true),
			EnableIntegrityMonitoring: pulumi.Bool(true),
		},
	}
}

// weekdays are the days of the maintenance windows, in RFC 5545 notation.
var weekdays = []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}

// maintenance gives each region its own window, because the database loses its quorum when GKE upgrades two regions at
// the same time. The windows are the nights, then the days of the week (UTC), fourteen in all. GKE requires at least 48
// hours in any 32 days; twelve hours once a week give exactly that.
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
