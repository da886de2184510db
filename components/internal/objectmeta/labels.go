// Package objectmeta holds the annotations and labels of the components' objects.
package objectmeta

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Label identifies a component's pods.
const Label = "app.kubernetes.io/name"

// Labels are the labels of the pods of an application.
func Labels(app string) pulumi.StringMap {
	return pulumi.StringMap{
		Label:                       pulumi.String(app),
		"app.kubernetes.io/part-of": pulumi.String("geo-wordpress"),
	}
}

// Selector selects the pods of an application.
func Selector(app string) *metav1.LabelSelectorArgs {
	return &metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{Label: pulumi.String(app)}}
}
