package container

import (
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/compute"
	"geo-wordpress/localcloud/gcp/schema"
)

// nodePoolFields are a node pool's inputs. As of terraform-provider-google-beta 5.42 the machines' type, disk, image and
// tags change in place, by a surge upgrade; the rest of nodeConfig does not.
func nodePoolFields() schema.Fields {
	return schema.Fields{
		"autoscaling": schema.ObjectOf(autoscalingFields()),
		"cluster":     schema.String(schema.Required, schema.ForceNew, schema.Ref(api.Clusters), schema.KeepForm, schema.Weak),
		"management": schema.ObjectOf(schema.Fields{
			"autoRepair":  schema.Bool(schema.Default(false)),
			"autoUpgrade": schema.Bool(schema.Default(false)),
		}, schema.Computed),
		"networkConfig": schema.ObjectOf(schema.Fields{
			"enablePrivateNodes": schema.Bool(schema.Computed, schema.Only(true, "its machines have no public addresses")),
		}, schema.Computed),
		"nodeConfig":    schema.ObjectOf(nodeConfigFields(), schema.Computed),
		"nodeCount":     schema.Int(schema.Required, schema.Between(0, 1000)),
		"nodeLocations": schema.SetOf(schema.String(), schema.Computed),
		"upgradeSettings": schema.ObjectOf(schema.Fields{
			"strategy": schema.String(schema.Default("SURGE"), schema.Only("SURGE",
				"it has no blue-green upgrades, which change the instance groups")),
			"maxSurge":       schema.Int(schema.Computed, schema.Between(0, 20)),
			"maxUnavailable": schema.Int(schema.Computed, schema.Between(0, 20)),
		}, schema.Computed),
	}
}

// autoscalingFields limit a pool's cluster autoscaler, per zone or in total. Adding, changing and removing them is an update.
func autoscalingFields() schema.Fields {
	count := func() *schema.Field { return schema.Int(schema.Between(0, 1000)) }
	return schema.Fields{
		"minNodeCount": count(), "maxNodeCount": count(),
		"totalMinNodeCount": schema.Int(schema.Only(0, "its pools have one zone")), "totalMaxNodeCount": schema.Int(schema.Only(0, "its pools have one zone")),
		"locationPolicy": schema.String(schema.Computed, schema.OneOf("BALANCED", "ANY")),
	}
}

// nodeConfigFields are the machine settings of a pool, or of a cluster's default pool.
func nodeConfigFields() schema.Fields {
	return schema.Fields{
		"diskSizeGb": schema.Int(schema.Computed, schema.Between(10, 65536)),
		"diskType":   schema.String(schema.Computed, schema.OneOf("pd-standard", "pd-balanced", "pd-ssd")),
		"imageType":  schema.String(schema.Computed, schema.OneOf("COS_CONTAINERD", "UBUNTU_CONTAINERD")),
		// kubeletConfig and resourceLabels are not computed as of 5.42, although GKE fills both in: see fillNodeConfig.
		"kubeletConfig": schema.ObjectOf(schema.Fields{
			"cpuCfsQuota":       schema.Bool(schema.Only(false, noKubeletConfig)),
			"cpuCfsQuotaPeriod": schema.String(schema.Only("", noKubeletConfig)),
			"cpuManagerPolicy":  schema.String(schema.Required, schema.Only("", noKubeletConfig)),
			"podPidsLimit":      schema.Int(schema.Only(0, noKubeletConfig)),
		}),
		"resourceLabels": schema.MapOf(schema.String()),
		"machineType": schema.String(schema.Computed, schema.Matches(
			regexp.MustCompile(`^[a-z][a-z0-9]*-[a-z0-9-]+$`), "a machine type is named like e2-standard-4")),
		"metadata": schema.MapOf(schema.String(), schema.Computed, schema.ForceNew),
		"oauthScopes": schema.SetOf(schema.String(schema.Matches(
			regexp.MustCompile(`^https://www\.googleapis\.com/auth/[a-z._-]+$`),
			"a scope is https://www.googleapis.com/auth/NAME")), schema.Computed, schema.ForceNew),
		"serviceAccount": schema.String(schema.Computed, schema.ForceNew, schema.Matches(
			regexp.MustCompile(`^(default|[^@\s]+@[^@\s]+)$`), "a service account is an e-mail address, or default")),
		"shieldedInstanceConfig": schema.ObjectOf(schema.Fields{
			"enableIntegrityMonitoring": schema.Bool(schema.Default(true), schema.ForceNew),
			"enableSecureBoot":          schema.Bool(schema.Default(false), schema.ForceNew),
		}, schema.Computed),
		"tags": schema.ListOf(schema.String(compute.NetworkTag), schema.MaxItems(64)),
		"workloadMetadataConfig": schema.ObjectOf(schema.Fields{
			"mode": schema.String(schema.Required, schema.OneOf("GCE_METADATA", "GKE_METADATA")),
		}, schema.Computed),
	}
}

const noKubeletConfig = "its kubelets are simulated"

func checkNodePool(in api.Object) []plugin.CheckFailure {
	a := "autoscaling."
	switch least, most := in.Num(a+"minNodeCount"), in.Num(a+"maxNodeCount"); {
	case in.Has("autoscaling") && in.Known(a+"maxNodeCount") && most < 1:
		return []plugin.CheckFailure{api.Failure("autoscaling", "the maximum number of nodes must be above zero")}
	case in.Known(a+"minNodeCount") && in.Known(a+"maxNodeCount") && least > most:
		return []plugin.CheckFailure{api.Failure("autoscaling", "minNodeCount must be no more than maxNodeCount")}
	}
	u := "upgradeSettings."
	if in.Known(u+"maxSurge") && in.Known(u+"maxUnavailable") && in.Num(u+"maxSurge")+in.Num(u+"maxUnavailable") < 1 {
		return []plugin.CheckFailure{api.Failure("upgradeSettings", "an upgrade needs maxSurge or maxUnavailable above zero")}
	}
	return nil
}
