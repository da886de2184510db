// Package kubernetes and the packages below replace the Go SDK of the Kubernetes provider inside the provider itself.
// They lack its components for Helm charts and YAML files: the program declares none, and the SDK's API groups, all of
// which these components reference, took a quarter of a cold build. The program is built with the published SDK.
package kubernetes

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// UntypedArgs are a resource's inputs as a map.
type UntypedArgs map[string]any

var _ pulumi.Input = UntypedArgs{}

// ElementType is the type that the engine sees.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
