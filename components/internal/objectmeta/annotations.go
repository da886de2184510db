package objectmeta

import (
	"fmt"

	"geo-wordpress/sizing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Annotations are the annotations of every object. They set the field manager for server-side apply
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/). By default the provider generates a name for
// each object and keeps it only in the state. An update that is killed before it writes the state loses the name. It
// still owns the object's fields, so an update that imports the object could not change them.
func Annotations() pulumi.StringMap {
	return pulumi.StringMap{"pulumi.com/patchFieldManager": pulumi.String("geo-wordpress")}
}

// Unawaited are the annotations of an object that Pulumi does not wait for: a Service, whose pods are declared after it; a
// disruption budget; and a volume, whose claim is awaited (UntilBound).
func Unawaited() pulumi.StringMap { return withAwait("skipAwait", "true") }

// UntilBound are the annotations of a claim: Pulumi watches it until it is bound.
//
// Without them, and Unawaited for a volume, the provider polls both. When a poll fails, because of a Ctrl-C or a broken
// connection, the provider dereferences a nil pointer and exits, and every operation in progress in the cluster fails
// (pulumi-kubernetes v4.24, pkg/watcher/watcher.go and kubeProvider.Create).
func UntilBound() pulumi.StringMap { return withAwait("waitFor", bound) }

const bound = "jsonpath={.status.phase}=Bound"

// UntilSized are the annotations of a claim that may grow: Pulumi watches it until it is bound and requests a size, such
// as 20Gi. The watch may first return the claim as it was before, which would end in the state and be planned again.
func UntilSized(size string) pulumi.StringMap {
	return withAwait("waitFor", fmt.Sprintf("[%q,%q]", bound, "jsonpath={.spec.resources.requests.storage}="+size))
}

// UntilScaled are the annotations of an autoscaler that allows one number of pods only: Pulumi watches it until there are
// that many.
func UntilScaled(pods int) pulumi.StringMap {
	return withAwait("waitFor", fmt.Sprintf("jsonpath={.status.currentReplicas}=%d", pods))
}

// Counted are the annotations of a Deployment. Without an autoscaler the number of its pods is the program's: an update takes the
// field back from an autoscaler that was there before, or from `kubectl scale`, and would fail with a conflict otherwise
// (https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/).
func Counted(autoscaled bool) pulumi.StringMap {
	annotations := Annotations()
	if !autoscaled {
		annotations["pulumi.com/patchForce"] = pulumi.String("true")
	}
	return annotations
}

// Unmoved are the annotations of the pods of a server that must not move without need: GKE's cluster autoscaler removes no
// machine that runs one. They are for pools that grow only, because a change of a pod's annotations restarts it.
func Unmoved(pool sizing.Growth) pulumi.StringMap {
	if pool.Nodes == 0 {
		return nil
	}
	return pulumi.StringMap{"cluster-autoscaler.kubernetes.io/safe-to-evict": pulumi.String("false")}
}

// withAwait adds one of the annotations that tell the provider what to wait for.
func withAwait(rule, value string) pulumi.StringMap {
	annotations := Annotations()
	annotations["pulumi.com/"+rule] = pulumi.String(value)
	return annotations
}
