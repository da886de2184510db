package api

import (
	"strings"

	"geo-wordpress/localcloud/gcp/schema"
)

// Object is a resource's properties in plain Go: string, bool, float64, []any, map[string]any; nil is an unknown value.
// Paths separate names by dots.
type Object map[string]any

// At returns the value at a path, and whether there is one.
func (o Object) At(path string) (any, bool) {
	head, rest, deeper := strings.Cut(path, ".")
	v, ok := o[head]
	if !deeper || !ok {
		return v, ok
	}
	inner, isObject := v.(map[string]any)
	if !isObject {
		return nil, ok && v == nil
	}
	return Object(inner).At(rest)
}

// Has reports whether there is a value, known or not.
func (o Object) Has(path string) bool { _, ok := o.At(path); return ok }

// Known reports whether there is a known value.
func (o Object) Known(path string) bool { v, ok := o.At(path); return ok && v != nil }

// Str returns a string; empty if there is none.
func (o Object) Str(path string) string {
	v, _ := o.At(path)
	s, _ := v.(string)
	return s
}

// Flag returns a boolean; false if there is none.
func (o Object) Flag(path string) bool {
	v, _ := o.At(path)
	b, _ := v.(bool)
	return b
}

// Float returns a number; 0 if there is none.
func (o Object) Float(path string) float64 {
	v, _ := o.At(path)
	n, _ := v.(float64)
	return n
}

// Num returns a number as an integer; 0 if there is none.
func (o Object) Num(path string) int { return int(o.Float(path)) }

// List returns a list; nil if there is none.
func (o Object) List(path string) []any {
	v, _ := o.At(path)
	l, _ := v.([]any)
	return l
}

// Strs returns the strings of a list; nil if there is none.
func (o Object) Strs(path string) []string {
	var out []string
	for _, v := range o.List(path) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Objs returns the objects of a list; nil if there is none.
func (o Object) Objs(path string) []Object {
	var out []Object
	for _, v := range o.List(path) {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Fill sets a property unless it has a value.
func (o Object) Fill(path string, value any) {
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
	Object(inner).Fill(rest, value)
}

// Clone copies deeply, without the lists of defaults that the engine's inputs carry.
func (o Object) Clone() Object { return Object(cloneValue(map[string]any(o)).(map[string]any)) }

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
