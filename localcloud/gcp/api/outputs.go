package api

import "geo-wordpress/localcloud/gcp/schema"

// fillIn resolves the references in a resource's inputs and fills in its outputs.
func (t *Tx) fillIn(k *Kind, r *Record, at Location, old *Record) error {
	out, refs, err := t.resolve(k, r.Inputs, at)
	if err != nil {
		return err
	}
	r.Outputs, r.Refs = out, refs
	if old != nil {
		keepComputed(k.Fields, out, old.Outputs)
		for _, name := range k.Outputs {
			if v, ok := old.Outputs[name]; ok {
				out.Fill(name, v)
			}
		}
	}
	if !k.Projectless {
		out.Fill("project", at.Project)
	}
	if name := k.Scope.Property(); name != "" {
		out.Fill(name, at.Name)
	}
	if k.Admit == nil {
		r.FillPlain()
		return nil
	}
	return k.Admit(t, r, old)
}

// keepComputed carries over values that the cloud filled in and the program still leaves unset.
func keepComputed(fs schema.Fields, out, old Object) {
	for name, f := range fs {
		was, had := old[name]
		is, has := out[name]
		switch {
		case had && !has && f.Computed:
			out[name] = cloneValue(was)
		case had && has && f.Fields != nil:
			wasObject, ok1 := was.(map[string]any)
			isObject, ok2 := is.(map[string]any)
			if ok1 && ok2 {
				keepComputed(f.Fields, isObject, wasObject)
			}
		}
	}
}
