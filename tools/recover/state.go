package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// unfinished marks a resource whose operation the next update has to finish.
const unfinished = "an operation on it was interrupted; the next update waits for its end"

// state is a stack's state as `pulumi stack export` prints it. Numbers stay as they are written, and secrets encrypted.
type state struct{ object }

func parse(exported []byte) (state, error) {
	decoder := json.NewDecoder(bytes.NewReader(exported))
	decoder.UseNumber()
	var s state
	if err := decoder.Decode(&s.object); err != nil {
		return s, fmt.Errorf("the exported state: %w", err)
	}
	return s, nil
}

func (s state) deployment() object {
	d, _ := s.object["deployment"].(object)
	return d
}

func (s state) list(key string) []object {
	items, _ := s.deployment()[key].([]any)
	var out []object
	for _, item := range items {
		if o, ok := item.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

// adoption is an interrupted operation, and what recover did about it.
type adoption struct {
	urn, kind, id string
	operation     string // creating, updating, deleting, reading
	// spare: the stack already has another resource in its place, so the next update deletes this one.
	spare bool
}

func (a adoption) String() string {
	switch {
	case a.operation != "creating":
		return fmt.Sprintf("%s, interrupted while %s", a.urn, a.operation)
	case a.id == "":
		return fmt.Sprintf("%s, which is in the state alone", a.urn)
	case a.spare:
		return fmt.Sprintf("%s, to be deleted by the next update if it exists: %s", a.urn, a.id)
	}
	return fmt.Sprintf("%s, taken in if it exists: %s", a.urn, a.id)
}

// adopt removes the interrupted operations from the state, and adds the resources that were being created.
func (s state) adopt() ([]adoption, error) {
	resources, pending := s.list("resources"), s.list("pending_operations")
	live, known, projects := map[string]bool{}, map[string]bool{}, map[string]string{}
	for _, r := range resources {
		if r["delete"] != true {
			live[text(r, "urn")] = true
		}
		known[text(r, "urn")+" "+text(r, "id")] = true
		if inputs, ok := r["inputs"].(object); ok && text(r, "type") == "pulumi:providers:gcp" {
			projects[text(r, "urn")+"::"+text(r, "id")] = text(inputs, "project")
		}
	}
	var done []adoption
	for _, operation := range pending {
		r, ok := operation["resource"].(object)
		if !ok {
			return nil, fmt.Errorf("the state holds an interrupted operation without a resource: %v", operation["type"])
		}
		a := adoption{urn: text(r, "urn"), kind: text(r, "type"), operation: text(operation, "type")}
		if a.operation != "creating" {
			a.id = text(r, "id")
			done = append(done, a)
			continue
		}
		if r["custom"] != true {
			continue // Registration alone creates a component.
		}
		inputs, _ := r["inputs"].(object)
		var err error
		if a.id, err = identify(a.kind, inputs, projects[text(r, "provider")]); err != nil {
			return nil, fmt.Errorf("%s was being created: %w", a.urn, err)
		}
		if a.id == "" {
			done = append(done, a)
			continue
		}
		if known[a.urn+" "+a.id] {
			continue // A later update has recorded it.
		}
		known[a.urn+" "+a.id] = true
		r = maps.Clone(r)
		r["id"] = a.id
		// The provider needs the inputs to read the resource. The refresh adds the rest.
		r["outputs"] = plain(inputs)
		if a.spare = live[a.urn]; a.spare {
			r["delete"] = true
		}
		live[a.urn] = true
		resources = append(resources, r)
		done = append(done, a)
	}
	s.deployment()["resources"] = anys(resources)
	delete(s.deployment(), "pending_operations")
	return done, nil
}

// lasts reports whether the interrupted operation may still be running.
func (a adoption) lasts() bool {
	_, is := lengthy[a.kind]
	return is && !a.spare && (a.operation == "creating" || a.operation == "updating")
}

// mark marks the resources in the state whose operation may still be running, and reports whether there are any.
func (s state) mark(adopted []adoption) bool {
	found := false
	for _, r := range s.list("resources") {
		if slices.ContainsFunc(adopted, func(a adoption) bool {
			return a.lasts() && a.urn == text(r, "urn") && a.id == text(r, "id")
		}) {
			r["initErrors"] = []string{unfinished}
			for _, p := range lengthy[text(r, "type")] {
				settle(r, p)
			}
			found = true
		}
	}
	return found
}

// settle sets an output to its input, or deletes it if there is no input, so that an update which only waits finds
// nothing to change there. That update reads the real value from the cloud.
func settle(resource object, p path) {
	in, _ := resource["inputs"].(object)
	out, _ := resource["outputs"].(object)
	for _, key := range p[:len(p)-1] {
		in, _ = in[key].(object)
		if out, _ = out[key].(object); out == nil {
			return
		}
	}
	key := p[len(p)-1]
	if wanted, said := in[key]; said && out != nil {
		out[key] = plain(wanted)
	} else {
		delete(out, key)
	}
}

// plain copies a value of the inputs, without the provider's notes on defaults (__defaults).
func plain(v any) any {
	o, is := v.(object)
	if !is {
		return v
	}
	o = maps.Clone(o)
	delete(o, "__defaults")
	for key, v := range o {
		o[key] = plain(v)
	}
	return o
}

// there reports whether the adopted resource is in the state.
func (s state) there(a adoption) bool {
	return slices.ContainsFunc(s.list("resources"), func(r object) bool {
		return text(r, "urn") == a.urn && (a.id == "" || text(r, "id") == a.id)
	})
}

func anys(objects []object) []any {
	out := make([]any, len(objects))
	for i, o := range objects {
		out[i] = o
	}
	return out
}
