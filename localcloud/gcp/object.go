package gcp

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"geo-wordpress/localcloud/gcp/schema"
)

// object is a resource's properties in plain Go: string, bool, float64, []any, map[string]any; nil is an unknown value.
// Paths separate names by dots.
type object map[string]any

func (o object) at(path string) (any, bool) {
	head, rest, deeper := strings.Cut(path, ".")
	v, ok := o[head]
	if !deeper || !ok {
		return v, ok
	}
	inner, isObject := v.(map[string]any)
	if !isObject {
		return nil, ok && v == nil
	}
	return object(inner).at(rest)
}

// has reports whether there is a value, known or not.
func (o object) has(path string) bool { _, ok := o.at(path); return ok }

// known reports whether there is a known value.
func (o object) known(path string) bool { v, ok := o.at(path); return ok && v != nil }

func (o object) str(path string) string {
	v, _ := o.at(path)
	s, _ := v.(string)
	return s
}

func (o object) flag(path string) bool {
	v, _ := o.at(path)
	b, _ := v.(bool)
	return b
}

func (o object) float(path string) float64 {
	v, _ := o.at(path)
	n, _ := v.(float64)
	return n
}

func (o object) num(path string) int { return int(o.float(path)) }

func (o object) list(path string) []any {
	v, _ := o.at(path)
	l, _ := v.([]any)
	return l
}

func (o object) strs(path string) []string {
	var out []string
	for _, v := range o.list(path) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (o object) objs(path string) []object {
	var out []object
	for _, v := range o.list(path) {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func (o object) strMap(path string) map[string]string {
	v, _ := o.at(path)
	m, _ := v.(map[string]any)
	out := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// fill sets a property unless it has a value.
func (o object) fill(path string, value any) {
	head, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		if v, ok := o[head]; !ok || v == nil {
			o[head] = value
		}
		return
	}
	inner, ok := o[head].(map[string]any)
	if !ok {
		inner = map[string]any{}
		o[head] = inner
	}
	object(inner).fill(rest, value)
}

// clone copies deeply, without the lists of defaults that the engine's inputs carry.
func (o object) clone() object { return object(cloneValue(map[string]any(o)).(map[string]any)) }

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if k != schema.Defaults {
				out[k] = cloneValue(e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = cloneValue(e)
		}
		return out
	}
	return v
}

func anys(items []string) []any {
	out := make([]any, len(items))
	for i, s := range items {
		out[i] = s
	}
	return out
}

// properties converts an object to the engine's form and marks the top-level properties listed in secrets as secret.
func properties(o object, secrets []string) resource.PropertyMap {
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

func propertyKey(s string) resource.PropertyKey { return resource.PropertyKey(s) }
