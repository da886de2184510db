package schema

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Diff compares the state, a resource's outputs, with new checked inputs, and returns the changes by property path. An
// unknown new value counts as a change. As in the published provider, the old inputs are ignored: a value that the
// cloud filled in and the program does not set counts as a removal, unless the field is computed; a value that the
// program sets and the cloud does not return counts as a change too.
func (fs Fields) Diff(state, new resource.PropertyMap) map[string]plugin.PropertyDiff {
	d := differ{}
	d.object(nil, fs, state, new)
	return d
}

type differ map[string]plugin.PropertyDiff

func (d differ) add(at resource.PropertyPath, kind plugin.DiffKind, replace bool) {
	if replace {
		switch kind {
		case plugin.DiffAdd:
			kind = plugin.DiffAddReplace
		case plugin.DiffDelete:
			kind = plugin.DiffDeleteReplace
		case plugin.DiffUpdate:
			kind = plugin.DiffUpdateReplace
		}
	}
	d[at.String()] = plugin.PropertyDiff{Kind: kind, InputDiff: true}
}

func (d differ) object(at resource.PropertyPath, fs Fields, old, new resource.PropertyMap) {
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		f, k, here := fs[name], resource.PropertyKey(name), down(at, name)
		o, n := old[k], new[k]
		had, has := !absent(o), !absent(n)
		switch {
		case had && has:
			d.value(here, f, o, n)
		case has && !zero(n):
			d.add(here, plugin.DiffAdd, f.replaces())
		case had && !f.Computed && !zero(o):
			d.add(here, plugin.DiffDelete, f.replaces())
		}
	}
}

// replaces reports whether adding or removing a field replaces the resource: the field itself, or one inside it.
func (f *Field) replaces() bool {
	if f.ForceNew {
		return true
	}
	if f.Kind == object {
		for _, inner := range f.Fields {
			if inner.replaces() {
				return true
			}
		}
	}
	return false
}

func (d differ) value(at resource.PropertyPath, f *Field, old, new resource.PropertyValue) {
	old, new = bare(old), bare(new)
	if unknown(new) || unknown(old) {
		d.add(at, plugin.DiffUpdate, f.ForceNew)
		return
	}
	switch {
	case f.Kind == object && old.IsObject() && new.IsObject():
		d.object(at, f.Fields, old.ObjectValue(), new.ObjectValue())
	case f.Kind == mapping && old.IsObject() && new.IsObject():
		d.entries(at, f, old.ObjectValue(), new.ObjectValue())
	case f.Kind == list && old.IsArray() && new.IsArray():
		d.list(at, f, old.ArrayValue(), new.ArrayValue())
	case f.Kind == set && old.IsArray() && new.IsArray():
		d.set(at, f, old.ArrayValue(), new.ArrayValue())
	case !f.equal(old, new):
		d.add(at, plugin.DiffUpdate, f.ForceNew || f.Replace != nil && f.Replace(Plain(old), Plain(new)))
	}
}

func (d differ) entries(at resource.PropertyPath, f *Field, old, new resource.PropertyMap) {
	for _, k := range old.StableKeys() {
		if n, has := new[k]; !has {
			d.add(down(at, string(k)), plugin.DiffDelete, f.ForceNew)
		} else if unknown(n) || !f.Elem.equal(old[k], n) {
			d.add(down(at, string(k)), plugin.DiffUpdate, f.ForceNew)
		}
	}
	for _, k := range new.StableKeys() {
		if _, had := old[k]; !had {
			d.add(down(at, string(k)), plugin.DiffAdd, f.ForceNew)
		}
	}
}

func (d differ) list(at resource.PropertyPath, f *Field, old, new []resource.PropertyValue) {
	elem := *f.Elem
	elem.ForceNew = elem.ForceNew || f.ForceNew
	for i := range max(len(old), len(new)) {
		switch here := down(at, i); {
		case i >= len(old):
			d.add(here, plugin.DiffAdd, f.ForceNew)
		case i >= len(new):
			d.add(here, plugin.DiffDelete, f.ForceNew)
		default:
			d.value(here, &elem, old[i], new[i])
		}
	}
}

// set pairs equal elements at any position, and reports the rest by index.
func (d differ) set(at resource.PropertyPath, f *Field, old, new []resource.PropertyValue) {
	left := make([]bool, len(old))
	for i := range left {
		left[i] = true
	}
	var added []int
	for i, n := range new {
		j := 0
		for j < len(old) && !(left[j] && f.Elem.equal(old[j], n)) {
			j++
		}
		if j == len(old) {
			added = append(added, i)
		} else {
			left[j] = false
		}
	}
	for _, i := range added {
		if i < len(old) && left[i] {
			left[i] = false
			d.add(down(at, i), plugin.DiffUpdate, f.ForceNew)
		} else {
			d.add(down(at, i), plugin.DiffAdd, f.ForceNew)
		}
	}
	for j, gone := range left {
		if gone {
			if _, taken := d[down(at, j).String()]; taken {
				d.add(down(at, j), plugin.DiffUpdate, f.ForceNew)
			} else {
				d.add(down(at, j), plugin.DiffDelete, f.ForceNew)
			}
		}
	}
}

// equal reports whether two values mean the same, so that there is no change.
func (f *Field) equal(old, new resource.PropertyValue) bool {
	old, new = bare(old), bare(new)
	if unknown(old) || unknown(new) {
		return false
	}
	switch f.Kind {
	case object, mapping, list, set:
		probe := differ{}
		if f.Kind == object && !(old.IsObject() && new.IsObject()) ||
			f.Kind == mapping && !(old.IsObject() && new.IsObject()) ||
			(f.Kind == list || f.Kind == set) && !(old.IsArray() && new.IsArray()) {
			return false
		}
		probe.value(nil, f, old, new)
		return len(probe) == 0
	case str:
		if f.Same != nil && old.IsString() && new.IsString() {
			return f.Same(old.StringValue(), new.StringValue())
		}
	}
	return old.DeepEquals(new)
}

func bare(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			v = v.OutputValue().Element
		default:
			return v
		}
	}
}

func unknown(v resource.PropertyValue) bool {
	v = bare(v)
	return v.IsComputed() || v.IsOutput()
}

// zero reports whether a value is as good as absent: the published provider cannot tell the two apart.
func zero(v resource.PropertyValue) bool {
	v = bare(v)
	switch {
	case v.IsArray():
		return len(v.ArrayValue()) == 0
	case v.IsObject():
		return len(v.ObjectValue()) == 0
	case v.IsString():
		return v.StringValue() == ""
	case v.IsNumber():
		return v.NumberValue() == 0
	case v.IsBool():
		return !v.BoolValue()
	}
	return v.IsNull()
}
