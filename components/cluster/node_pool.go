package cluster

import (
	"fmt"

	"geo-wordpress/components/internal/fingerprint"
	"geo-wordpress/components/network"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cloudPlatformScope lets a machine use whatever its account's role allows.
const cloudPlatformScope = "https://www.googleapis.com/auth/cloud-platform"

// nodeIdentity declares the service account that the machines run as, with the one role that GKE asks for.
func (c *Cluster) nodeIdentity(ctx *pulumi.Context, name string, args Args,
) (*serviceaccount.Account, *projects.IAMMember, error) {
	account, err := serviceaccount.NewAccount(ctx, name+"-nodes", &serviceaccount.AccountArgs{
		AccountId:   pulumi.String(regions.ServiceAccountID("nodes", ctx.Stack(), args.Region.Name)),
		DisplayName: pulumi.Sprintf("geo-wordpress machines in %s", args.Region.Name),
	}, pulumi.Parent(c), args.Project.Ready())
	if err != nil {
		return nil, nil, err
	}
	// An IAM member, not a binding or a policy: those are authoritative and would take the role from everybody else.
	role, err := projects.NewIAMMember(ctx, name+"-nodes", &projects.IAMMemberArgs{
		Project: pulumi.String(args.Config.Project),
		Role:    pulumi.String("roles/container.defaultNodeServiceAccount"),
		Member:  account.Member,
	}, pulumi.Parent(c))
	return account, role, err
}

// nodePool declares the machines. The pool is auto-named: with a fixed name, a replacement would have to delete the old
// pool first, which the load balancer's backend service prevents.
func (c *Cluster) nodePool(ctx *pulumi.Context, name string, args Args,
	account *serviceaccount.Account, role *projects.IAMMember,
) (*container.NodePool, error) {
	after := append([]pulumi.Resource{role}, args.Network.Ready(args.Region)...)
	after = append(append(after, args.Disks...), args.After...)
	pool := &container.NodePoolArgs{
		Cluster:       c.control.Name,
		Location:      c.control.Location,
		NodeLocations: pulumi.ToStringArray([]string{args.Region.Zone}),
		NodeCount:     pulumi.Int(args.Region.Nodes),
		Management: &container.NodePoolManagementArgs{
			AutoRepair:  pulumi.Bool(true),
			AutoUpgrade: pulumi.Bool(true),
		},
		// A surge upgrade keeps the instance group and its named port; blue-green creates another group.
		UpgradeSettings: &container.NodePoolUpgradeSettingsArgs{
			Strategy:       pulumi.String("SURGE"),
			MaxSurge:       pulumi.Int(1),
			MaxUnavailable: pulumi.Int(0),
		},
		NetworkConfig: &container.NodePoolNetworkConfigArgs{EnablePrivateNodes: pulumi.Bool(true)},
		NodeConfig: &container.NodePoolNodeConfigArgs{
			MachineType:    pulumi.String(args.Region.MachineType),
			DiskSizeGb:     pulumi.Int(args.Config.Disks.Boot),
			DiskType:       pulumi.String("pd-balanced"),
			ImageType:      pulumi.String("COS_CONTAINERD"),
			ServiceAccount: account.Email,
			// The account's role is the limit; the scope only lets it be used.
			OauthScopes: pulumi.ToStringArray([]string{cloudPlatformScope}),
			Tags:        pulumi.ToStringArray([]string{network.NodeTag}),
			Metadata:    pulumi.StringMap{"disable-legacy-endpoints": pulumi.String("true")},
			WorkloadMetadataConfig: &container.NodePoolNodeConfigWorkloadMetadataConfigArgs{
				Mode: pulumi.String("GKE_METADATA"),
			},
			ShieldedInstanceConfig: &container.NodePoolNodeConfigShieldedInstanceConfigArgs{
				EnableSecureBoot:          pulumi.Bool(true),
				EnableIntegrityMonitoring: pulumi.Bool(true),
			},
		},
	}
	machines := []interface{}{pool.NodeConfig, pool.NodeCount, pool.NodeLocations}
	ignored := []string{"nodeConfig.kubeletConfig", "nodeConfig.resourceLabels"}
	if most := args.Region.MostNodes; most > 0 {
		growing := &container.NodePoolAutoscalingArgs{
			MinNodeCount: pulumi.Int(args.Region.Nodes), // a zone's, of which there is one
			MaxNodeCount: pulumi.Int(most),
			// The pool has one zone; GKE's default, stated because it answers with it.
			LocationPolicy: pulumi.String("BALANCED"),
		}
		pool.Autoscaling = growing
		machines = append(machines, growing)
		// The provider reads the group's size at each refresh. The declared number counts when the pool is created only
		// (and as its initial size, a change of which would replace the pool, it must stay).
		ignored = append(ignored, "nodeCount")
	}
	c.Machines = fingerprint.Of(machines...)
	if err := c.warn(ctx, args); err != nil {
		return nil, err
	}
	return container.NewNodePool(ctx, name, pool, pulumi.Parent(c), pulumi.DependsOn(after),
		// GKE sets both fields, but SDK v7's provider does not expect them: it plans to remove them at every update, by
		// an empty request that GKE refuses (400, "At least one of ['node_version', ...] must be specified"), so every
		// second `up` fails. (terraform-google-modules/terraform-google-kubernetes-engine#2014; from v8 on, the
		// provider treats both as computed.)
		pulumi.IgnoreChanges(ignored),
		// Allows for GKE's own repairs and upgrades in progress.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "30m", Update: "60m", Delete: "30m"}))
}

// warn says that a larger least adds no machine. The cluster autoscaler adds one only when a pod finds no room
// (terraform-google-modules/terraform-google-kubernetes-engine#1517), and the pool's own number, which it may have changed, is
// ignored.
func (c *Cluster) warn(ctx *pulumi.Context, args Args) error {
	region, least := args.Region, args.Least
	if region.MostNodes == 0 || least == 0 || region.Nodes <= least {
		return nil
	}
	return ctx.Log.Warn(fmt.Sprintf("The least number of machines in %[1]s is now %[2]d instead of %[3]d, but GKE adds them only when pods "+
		"find no room. To have them at once, if `kubectl --context %[1]s get nodes` lists fewer: `gcloud container clusters resize CLUSTER "+
		"--location %[4]s --num-nodes %[2]d` after this update.", region.Name, region.Nodes, least, region.Zone), &pulumi.LogArgs{Resource: c})
}
