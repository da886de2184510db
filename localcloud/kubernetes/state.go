package kubernetes

import (
	"maps"

	"google.golang.org/grpc/codes"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// What a resource's state has beside the object itself, named as the published provider does.
const (
	inputsKey            = resource.PropertyKey("__inputs")
	initialAPIVersionKey = resource.PropertyKey("__initialApiVersion")
	fieldManagerKey      = resource.PropertyKey("__fieldManager")
)

// stateOf is a resource's outputs: the live object, and how it came to be. Secret is what the given inputs say is
// secret. The bookkeeping of fields is left out: it is long, and no program's business.
func stateOf(
	inputs map[string]any, live *unstructured.Unstructured, given resource.PropertyMap, apiVersion, manager string,
) resource.PropertyMap {
	object := maps.Clone(live.Object)
	if metadata, ok := object["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		delete(metadata, "managedFields")
		object["metadata"] = metadata
	}
	state := toProperties(object)
	recorded := toProperties(inputs)
	markSecrets(state, given)
	markSecrets(recorded, given)
	state[inputsKey] = resource.NewObjectProperty(recorded)
	state[initialAPIVersionKey] = resource.NewStringProperty(apiVersion)
	state[fieldManagerKey] = resource.NewStringProperty(manager)
	return state
}

// partial is the error of a resource that exists but is not what it is to be. The engine keeps the state and the
// reasons, and has the resource updated next time.
func partial(id string, state, inputs resource.PropertyMap, reasons []string) error {
	options := plugin.MarshalOptions{KeepSecrets: true, KeepResources: true, SkipNulls: true}
	outputs, err := plugin.MarshalProperties(state, options)
	if err != nil {
		return err
	}
	ins, err := plugin.MarshalProperties(inputs, options)
	if err != nil {
		return err
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, reasons[0]), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: outputs, Inputs: ins, Reasons: reasons,
	})
}

// initialAPIVersion is the version under which the resource was created first.
func initialAPIVersion(state resource.PropertyMap, manifest *unstructured.Unstructured) string {
	if v := textOf(bare(state[initialAPIVersionKey])); v != "" {
		return v
	}
	return manifest.GetAPIVersion()
}
