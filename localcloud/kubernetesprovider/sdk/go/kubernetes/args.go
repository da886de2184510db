// Package kubernetes and those below stand in for the Go SDK of the Kubernetes provider inside the provider itself, which
// is built without its components for Helm charts and YAML files: the program declares no such component, and the SDK's
// API groups, all of which they name, took a quarter of a cold build. The program is built with the published SDK.
package kubernetes

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// UntypedArgs are a resource's inputs as a map.
type UntypedArgs map[string]any

var _ pulumi.Input = UntypedArgs{}

// ElementType is what the engine sees of them.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
