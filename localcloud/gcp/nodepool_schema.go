package gcp

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/util/validation"
)

// defaultScopes are the scopes that GKE gives to nodes that request none.
var defaultScopes = []string{
	"https://www.googleapis.com/auth/devstorage.read_only",
	"https://www.googleapis.com/auth/logging.write",
	"https://www.googleapis.com/auth/monitoring",
	"https://www.googleapis.com/auth/service.management.readonly",
	"https://www.googleapis.com/auth/servicecontrol",
	"https://www.googleapis.com/auth/trace.append",
}

// nodePoolFields are a node pool's inputs. As of terraform-provider-google-beta 5.42 the machines' type, disk, image,
// labels, tags and taints change in place, by a surge upgrade; the rest of nodeConfig does not.
var nodePoolFields = fields{
	"autoscaling": objectOf(fields{
		"minNodeCount": integer(between(0, 1000)), "maxNodeCount": integer(between(0, 1000)),
		"totalMinNodeCount": integer(between(0, 15000)), "totalMaxNodeCount": integer(between(0, 15000)),
		"locationPolicy": str(computed, oneOf("BALANCED", "ANY")),
	}),
	"cluster":          str(required, forceNew, ref(clusters), keepForm, weak),
	"initialNodeCount": integer(computed, forceNew, between(0, 1000)),
	"management": objectOf(fields{
		"autoRepair":  boolean(preset(false)),
		"autoUpgrade": boolean(preset(false)),
	}, computed),
	"maxPodsPerNode": integer(computed, forceNew, only(110, "every node has a /24 for its pods")),
	"nodeConfig":     objectOf(nodeConfigFields(), computed),
	"networkConfig": objectOf(fields{
		"enablePrivateNodes": boolean(computed, only(true, "its machines have no addresses of their own")),
	}, computed),
	"nodeCount":     integer(computed, between(0, 1000)),
	"nodeLocations": setOf(str(), computed),
	"upgradeSettings": objectOf(fields{
		"strategy":       str(preset("SURGE"), only("SURGE", "it has no blue-green upgrades, which change the instance groups")),
		"maxSurge":       integer(computed, between(0, 20)),
		"maxUnavailable": integer(computed, between(0, 20)),
	}, computed),
	"version": str(computed, checkString(checkVersion)),
}

// nodeConfigFields are the machine settings of a pool, or of a cluster's default pool.
func nodeConfigFields() fields {
	return fields{
		"diskSizeGb": integer(computed, between(10, 65536)),
		"diskType":   str(computed, oneOf("pd-standard", "pd-balanced", "pd-ssd")),
		"imageType":  str(computed, oneOf("COS_CONTAINERD", "UBUNTU_CONTAINERD")),
		// kubeletConfig and resourceLabels are not computed as of 5.42, although GKE fills both in: see fillNodeConfig.
		"kubeletConfig": objectOf(fields{
			"cpuCfsQuota":       boolean(only(false, noKubeletConfig)),
			"cpuCfsQuotaPeriod": str(only("", noKubeletConfig)),
			"cpuManagerPolicy":  str(required, only("", noKubeletConfig)),
			"podPidsLimit":      integer(only(0, noKubeletConfig)),
		}),
		"resourceLabels": labels(),
		"labels":         mapOf(str(checkString(checkNodeLabelValue)), computed),
		"loggingVariant": str(computed, oneOf("DEFAULT", "MAX_THROUGHPUT")),
		"machineType": str(computed, matches(regexp.MustCompile(`^[a-z][a-z0-9]*-[a-z0-9-]+$`),
			"a machine type is named like e2-standard-4")),
		"metadata": mapOf(str(), computed, forceNew),
		"oauthScopes": setOf(str(matches(regexp.MustCompile(`^(https://www\.googleapis\.com/auth/[a-z._-]+|[a-z-]+)$`),
			"a scope is https://www.googleapis.com/auth/NAME, or a short name of gcloud's")), computed, forceNew),
		"preemptible": boolean(preset(false), forceNew, only(false, "nothing preempts its machines; use spot")),
		"serviceAccount": str(computed, forceNew, matches(regexp.MustCompile(`^(default|[^@\s]+@[^@\s]+)$`),
			"a service account is an e-mail address, or default")),
		"shieldedInstanceConfig": objectOf(fields{
			"enableIntegrityMonitoring": boolean(preset(true), forceNew),
			"enableSecureBoot":          boolean(preset(false), forceNew),
		}, computed),
		"spot": boolean(preset(false), forceNew),
		"tags": listOf(str(checkString(checkTag)), maxItems(64)),
		"taints": listOf(objectOf(fields{
			"key": str(required, checkString(checkNodeLabelKey)), "value": str(required, checkString(checkNodeLabelValue)),
			"effect": str(required, oneOf("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE")),
		})),
		"workloadMetadataConfig": objectOf(fields{
			"mode": str(required, oneOf("GCE_METADATA", "GKE_METADATA"))}, computed),
	}
}

const noKubeletConfig = "its kubelets are simulated"

func checkNodeLabelKey(key string) error {
	if problems := validation.IsQualifiedName(key); len(problems) > 0 {
		return fmt.Errorf("%q is not a label key: %s", key, strings.Join(problems, "; "))
	}
	return nil
}

func checkNodeLabelValue(value string) error {
	if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
		return fmt.Errorf("%q is not a label value: %s", value, strings.Join(problems, "; "))
	}
	return nil
}

func checkNodePool(in object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	lo, hi := in.num("autoscaling.minNodeCount"), in.num("autoscaling.maxNodeCount")
	if in.known("autoscaling.minNodeCount") && in.known("autoscaling.maxNodeCount") && lo > hi {
		failures = append(failures, failure("autoscaling.minNodeCount",
			"minNodeCount (%d) must not be greater than maxNodeCount (%d)", lo, hi))
	}
	u := "upgradeSettings."
	if in.known(u+"maxSurge") && in.known(u+"maxUnavailable") && in.num(u+"maxSurge")+in.num(u+"maxUnavailable") < 1 {
		failures = append(failures, failure("upgradeSettings", "an upgrade needs maxSurge or maxUnavailable above zero"))
	}
	return failures
}
