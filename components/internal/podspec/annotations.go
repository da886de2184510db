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
func BeforeItsPods() pulumi.StringMap {
	annotations := Annotations()
	annotations["pulumi.com/skipAwait"] = pulumi.String("true")
	return annotations
}
