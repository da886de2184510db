package kubernetes

import (
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// unknown marks, in a manifest, a value that is known only after another resource exists.
var unknown = resource.Computed{Element: resource.NewStringProperty("")}

// schemaKeys are the fields of a CustomResourceDefinition's schema whose names no SDK can spell.
var schemaKeys = map[string]string{
	"x_kubernetes_embedded_resource":       "x-kubernetes-embedded-resource",
	"x_kubernetes_int_or_string":           "x-kubernetes-int-or-string",
	"x_kubernetes_list_map_keys":           "x-kubernetes-list-map-keys",
	"x_kubernetes_list_type":               "x-kubernetes-list-type",
	"x_kubernetes_map_type":                "x-kubernetes-map-type",
	"x_kubernetes_preserve_unknown_fields": "x-kubernetes-preserve-unknown-fields",
	"x_kubernetes_validations":             "x-kubernetes-validations",
}

var propertyKeys = func() map[string]string {
	reverse := map[string]string{}
	for property, field := range schemaKeys {
		reverse[field] = property
	}
	return reverse
}()

// toManifest makes an object of a resource's properties: secrets bare, unknowns marked, nulls and the engine's own
// properties (__defaults and so on) left out.
func toManifest(m resource.PropertyMap) (*unstructured.Unstructured, error) {
	object, err := toObject(m)
	if err != nil {
		return nil, err
	}
	for name := range object {
		if resource.IsInternalPropertyKey(resource.PropertyKey(name)) {
			delete(object, name)
		}
	}
	return &unstructured.Unstructured{Object: object}, nil
}

func toObject(m resource.PropertyMap) (map[string]any, error) {
	object := make(map[string]any, len(m))
	for key, v := range m {
		if bare(v).IsNull() {
			continue
		}
		name := string(key)
		if field, ok := schemaKeys[name]; ok {
			name = field
		}
		value, err := toValue(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		object[name] = value
	}
	return object, nil
}

func toValue(v resource.PropertyValue) (any, error) {
	v = bare(v)
	switch {
	case v.IsNull():
		return nil, nil
	case v.IsComputed():
		return unknown, nil
	case v.IsBool():
		return v.BoolValue(), nil
	case v.IsString():
		return v.StringValue(), nil
	case v.IsNumber():
		// Properties know one kind of number, Kubernetes two.
		if n := v.NumberValue(); n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n), nil
		}
		return v.NumberValue(), nil
	case v.IsObject():
		return toObject(v.ObjectValue())
	case v.IsArray():
		array := make([]any, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			value, err := toValue(e)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			array[i] = value
		}
		return array, nil
	}
	return nil, fmt.Errorf("a value of type %s cannot stand in a Kubernetes object", v.TypeString())
}

// toProperties is the reverse of toManifest.
func toProperties(object map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMapRepl(object, func(name string) (resource.PropertyKey, bool) {
		property, ok := propertyKeys[name]
		return resource.PropertyKey(property), ok
	}, nil)
}

// hasUnknown says whether anything in a manifest is unknown.
func hasUnknown(v any) bool {
	switch v := v.(type) {
	case resource.Computed:
		return true
	case map[string]any:
		for _, e := range v {
			if hasUnknown(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if hasUnknown(e) {
				return true
			}
		}
	}
	return false
}

// metadataField reads a text of an object's metadata; unlike the object's own accessors it bears unknowns.
func metadataField(object map[string]any, field string) (value string, isUnknown bool) {
	switch metadata := object["metadata"].(type) {
	case resource.Computed:
		return "", true
	case map[string]any:
		switch v := metadata[field].(type) {
		case resource.Computed:
			return "", true
		case string:
			return v, false
		}
	}
	return "", false
}

// setMetadata sets a text of an object's metadata, where that is known at all.
func setMetadata(object map[string]any, field, value string) {
	switch metadata := object["metadata"].(type) {
	case nil:
		object["metadata"] = map[string]any{field: value}
	case map[string]any:
		metadata[field] = value
	}
}

// identify is how an object is called in messages and in its ID: namespace/name, or name.
func identify(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

func idOf(object *unstructured.Unstructured) string {
	return identify(object.GetNamespace(), object.GetName())
}

func describe(object *unstructured.Unstructured) string { return object.GetKind() + " " + idOf(object) }
