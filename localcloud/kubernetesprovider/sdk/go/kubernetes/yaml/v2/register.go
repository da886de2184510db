// Package v2 replaces the registration of objects from YAML files.
package v2

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegisterResource fails: this build has no components.
func RegisterResource(_ *pulumi.Context, apiVersion, kind, name string, _ pulumi.Input, _ ...pulumi.ResourceOption) (
	pulumi.CustomResource, error,
) {
	return nil, fmt.Errorf("%s %s %s: the local cloud's Kubernetes provider is built without the components for YAML and "+
		"Helm charts; declare the object itself", apiVersion, kind, name)
}
