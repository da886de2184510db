package schema

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Check fills in defaults and returns the failed checks. owner names the resource type in the messages. Unknown values
// pass.
func (fs Fields) Check(owner string, in resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure) {
	c := checker{owner: owner}
	out := c.object(nil, fs, in)
	return out, c.failures
}

type checker struct {
	owner    string
	secret   bool // the current value must not appear in a message
	failures []plugin.CheckFailure
}

func (c *checker) fail(at resource.PropertyPath, format string, args ...any) {
	c.failures = append(c.failures, plugin.CheckFailure{
		Property: resource.PropertyKey(at.String()), Reason: fmt.Sprintf(format, args...),
	})
}

func (c *checker) object(at resource.PropertyPath, fs Fields, in resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	var filled []resource.PropertyValue
	for _, k := range in.StableKeys() {
		v, here := in[k], down(at, string(k))
		f := fs[string(k)]
		switch {
		case string(k) == Defaults:
		case f == nil && IsDefault(in, string(k)): // from the state of an older version, which knew the property
		case f == nil:
			c.fail(here, "the local cloud does not know the property %q of %s: remove it, or add it to the type in the local cloud", here, c.owner)
		case absent(v):
		default:
			out[k] = c.value(here, f, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		f, k := fs[name], resource.PropertyKey(name)
		if _, given := out[k]; given {
			continue
		}
		switch {
		case f.Default != nil:
			out[k] = resource.NewPropertyValue(f.Default)
			filled = append(filled, resource.NewStringProperty(name))
		case f.Required:
			if v, has := in[k]; !has || absent(v) {
				c.fail(down(at, name), "missing required property %q of %s", down(at, name), c.owner)
			}
		}
	}
	if len(filled) > 0 {
		out[Defaults] = resource.NewArrayProperty(filled)
	}
	return out
}

func (c *checker) value(at resource.PropertyPath, f *Field, v resource.PropertyValue) resource.PropertyValue {
	if v.IsSecret() {
		defer func(was bool) { c.secret = was }(c.secret)
		c.secret = true
		return resource.MakeSecret(c.value(at, f, v.SecretValue().Element))
	}
	if v.IsOutput() {
		if !v.OutputValue().Known {
			return v
		}
		if v.OutputValue().Secret {
			return c.value(at, f, resource.MakeSecret(v.OutputValue().Element))
		}
		return c.value(at, f, v.OutputValue().Element)
	}
	if v.IsComputed() {
		return v
	}
	if !f.Kind.holds(v) {
		c.fail(at, "%q of %s must be %s, not %s", at, c.owner, f.Kind, v.TypeString())
		return v
	}
	switch f.Kind {
	case object:
		v = resource.NewObjectProperty(c.object(at, f.Fields, v.ObjectValue()))
	case list, set:
		items := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			if absent(e) {
				c.fail(down(at, i), "%q of %s must be %s, not null", down(at, i), c.owner, f.Elem.Kind)
				continue
			}
			items[i] = c.value(down(at, i), f.Elem, e)
		}
		v = resource.NewArrayProperty(items)
	case mapping:
		items := resource.PropertyMap{}
		for _, k := range v.ObjectValue().StableKeys() {
			if e := v.ObjectValue()[k]; !absent(e) {
				items[k] = c.value(down(at, string(k)), f.Elem, e)
			}
		}
		v = resource.NewObjectProperty(items)
	}
	if len(f.Checks) == 0 || v.ContainsUnknowns() {
		return v
	}
	known := Plain(v)
	for _, check := range f.Checks {
		switch err := check(known); {
		case err == nil:
		case c.secret || v.ContainsSecrets():
			c.fail(at, "%q of %s: the value is not valid, and a secret: try it in plain to see why", at, c.owner)
		default:
			c.fail(at, "%q of %s: %v", at, c.owner, err)
		}
	}
	return v
}

func (k Kind) holds(v resource.PropertyValue) bool {
	switch k {
	case str:
		return v.IsString()
	case boolean:
		return v.IsBool()
	case integer:
		return v.IsNumber() && v.NumberValue() == math.Trunc(v.NumberValue())
	case number:
		return v.IsNumber()
	case list, set:
		return v.IsArray()
	default:
		return v.IsObject()
	}
}

// Plain strips secrets and converts a value to plain Go: string, bool, float64, []any, map[string]any, or nil if it is
// unknown.
func Plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return Plain(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return nil
		}
		return Plain(v.OutputValue().Element)
	case v.IsComputed():
		return nil
	case v.IsArray():
		items := make([]any, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			items[i] = Plain(e)
		}
		return items
	case v.IsObject():
		return PlainMap(v.ObjectValue())
	default:
		return v.V
	}
}

// PlainMap is Plain for a map; unknown values become nil.
func PlainMap(m resource.PropertyMap) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[string(k)] = Plain(v)
	}
	return out
}

func absent(v resource.PropertyValue) bool {
	return v.IsNull() || v.IsSecret() && absent(v.SecretValue().Element)
}

func down(at resource.PropertyPath, step any) resource.PropertyPath {
	return append(slices.Clone(at), step)
}
