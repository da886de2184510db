package provider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// preview returns the expected outputs of a create or update; values that only the cloud can determine are unknown.
func preview(k *api.Kind, in, old resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for key, v := range in {
		if key != schema.Defaults {
			out[key] = v
		}
	}
	fill := func(name string) {
		key := resource.PropertyKey(name)
		if _, given := out[key]; given {
			return
		}
		if v, had := old[key]; had {
			out[key] = v
		} else if old == nil {
			out[key] = resource.MakeComputed(resource.NewStringProperty(""))
		}
	}
	for name, f := range k.Fields {
		if f.Computed {
			fill(name)
		}
	}
	for _, name := range k.Outputs {
		fill(name)
	}
	return out
}

// properties converts an object to the engine's form and marks the top-level properties listed in secrets as secret.
func properties(o api.Object, secrets []string) resource.PropertyMap {
	m := resource.NewPropertyMapFromMap(o)
	for _, s := range secrets {
		if v, ok := m[resource.PropertyKey(s)]; ok {
			m[resource.PropertyKey(s)] = resource.MakeSecret(v)
		}
	}
	return m
}

// secretKeys lists the top-level properties that hold a secret.
func secretKeys(m resource.PropertyMap) []string {
	var keys []string
	for _, k := range m.StableKeys() {
		if m[k].ContainsSecrets() {
			keys = append(keys, string(k))
		}
	}
	return keys
}
