package podspec

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Annotations are those of every object. They name the field manager under which it is applied
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/). Left to itself, the provider makes up a name for
// each object and keeps it in the state alone. An update that is killed before it writes the state loses it, and the
// object's fields stay with an owner that nobody is any more: whoever takes the object in could not change them.
func Annotations() pulumi.StringMap {
	return pulumi.StringMap{"pulumi.com/patchFieldManager": pulumi.String("geo-wordpress")}
}

// BeforeItsPods are the annotations of an object that is declared before its pods, as a Service must be for pods that
// find each other by it: Pulumi would wait for endpoints that cannot be there yet.
func BeforeItsPods() pulumi.StringMap { return withAwait("skipAwait", "true") }

// BeforeItsClaim are the annotations of a volume, and UntilBound those of the claim, which is watched until it is bound.
//
// Without them the provider polls both. When a poll fails, because of a Ctrl-C or a broken connection, it dereferences a
// nil pointer and exits, and every change under way in the cluster fails with it (pulumi-kubernetes v4.24,
// pkg/watcher/watcher.go and kubeProvider.Create).
func BeforeItsClaim() pulumi.StringMap { return withAwait("skipAwait", "true") }

// UntilBound is described at BeforeItsClaim.
func UntilBound() pulumi.StringMap { return withAwait("waitFor", "jsonpath={.status.phase}=Bound") }

// withAwait sets one of the annotations by which the provider decides what to wait for.
func withAwait(rule, value string) pulumi.StringMap {
	annotations := Annotations()
	annotations["pulumi.com/"+rule] = pulumi.String(value)
	return annotations
}
