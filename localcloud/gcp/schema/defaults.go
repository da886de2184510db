package schema

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

// Defaults is the key under which an object lists the properties that Check filled in, as the published providers do:
// the engine does not show keys with two underscores.
const Defaults = "__defaults"

// IsDefault reports whether Check filled in a top-level property.
func IsDefault(m resource.PropertyMap, name string) bool {
	list, ok := m[Defaults]
	if !ok || !list.IsArray() {
		return false
	}
	for _, v := range list.ArrayValue() {
		if v.IsString() && v.StringValue() == name {
			return true
		}
	}
	return false
}

// AddDefault records that a top-level property was filled in.
func AddDefault(m resource.PropertyMap, name string) {
	var list []resource.PropertyValue
	if v, ok := m[Defaults]; ok && v.IsArray() {
		list = v.ArrayValue()
	}
	m[Defaults] = resource.NewArrayProperty(append(list, resource.NewStringProperty(name)))
}
