package api

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"geo-wordpress/localcloud/gcp/schema"
)

// Target returns the resource name to which a path of the inputs refers; empty if it refers to none.
func (r *Record) Target(path string) string {
	for _, ref := range r.Refs {
		if ref.Path == path {
			return ref.Target
		}
	}
	return ""
}

// Targets returns the resource names to which paths with a prefix refer.
func (r *Record) Targets(prefix string) []string {
	var out []string
	for _, ref := range r.Refs {
		if strings.HasPrefix(ref.Path, prefix) {
			out = append(out, ref.Target)
		}
	}
	return out
}

// resolve looks up the references in the inputs, checks that each target exists, and returns the inputs with every
// reference in the form that Google's API returns.
func (t *Tx) resolve(k *Kind, in Object, at Location) (Object, []Reference, error) {
	out := in.Clone()
	w := walker{t: t, k: k, at: at}
	w.object("", k.Fields, out)
	if w.err != nil {
		return nil, nil, w.err
	}
	slices.SortFunc(w.refs, func(a, b Reference) int { return cmp.Compare(a.Path, b.Path) })
	return out, w.refs, nil
}

type walker struct {
	t    *Tx
	k    *Kind
	at   Location
	refs []Reference
	err  error
}

func (w *walker) object(path string, fs schema.Fields, o map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if f := fs[name]; f != nil && w.err == nil {
			here := name
			if path != "" {
				here = path + "." + name
			}
			o[name] = w.value(here, f, o[name])
		}
	}
}

func (w *walker) value(path string, f *schema.Field, v any) any {
	switch v := v.(type) {
	case map[string]any:
		w.object(path, f.Fields, v)
	case []any:
		for i := range v {
			if w.err == nil {
				v[i] = w.value(fmt.Sprintf("%s[%d]", path, i), f.Elem, v[i])
			}
		}
	case string:
		if len(f.Refs) > 0 && v != "" {
			return w.reference(path, f, v)
		}
	}
	return v
}

func (w *walker) reference(path string, f *schema.Field, v string) any {
	name, err := ResourceName(w.at, f.Refs, path, v)
	if err == nil {
		switch target := w.t.holder(name); {
		case target == nil:
			err = NotFound(name)
		case target.State == Stopping, target.State == Provisioning && target.Type != NodePoolType:
			err = notReady(name)
		}
	}
	if err != nil {
		w.err = err
		return v
	}
	w.refs = append(w.refs, Reference{Path: path, Target: name, Weak: f.Weak})
	switch {
	case f.KeepForm:
		return v
	case w.k.Service == Container:
		return name
	default:
		return SelfLink(name)
	}
}
