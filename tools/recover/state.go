package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unfinished marks a resource whose operation the next update has to finish.
const unfinished = "an operation on this resource was interrupted; the next update waits until it ends"

// state is a stack's state as `pulumi stack export` prints it. Numbers stay as they are written, and secrets encrypted.
type state struct{ object }

func parse(exported []byte) (state, error) {
	decoder := json.NewDecoder(bytes.NewReader(exported))
	decoder.UseNumber()
	var s state
	if err := decoder.Decode(&s.object); err != nil {
		return s, fmt.Errorf("parsing the output of `pulumi stack export`: %w", err)
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
	// duplicate: the stack already has another resource in its place, so the next update deletes this one.
	duplicate bool
}

func (a adoption) String() string {
	switch {
	case a.operation != "creating":
		return fmt.Sprintf("%s: interrupted while %s", a.urn, a.operation)
	case a.id == "":
		return fmt.Sprintf("%s: it exists only in the state, so the next update creates it again", a.urn)
	case a.duplicate:
		return fmt.Sprintf("%s: the next update deletes %s if it exists", a.urn, a.id)
	}
	return fmt.Sprintf("%s: added to the state as %s if it exists", a.urn, a.id)
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
			return nil, fmt.Errorf("an interrupted operation in the state names no resource: %v", operation["type"])
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
			return nil, fmt.Errorf("recovering the interrupted creation of %s: %w (`pulumi refresh` asks you for its ID instead)", a.urn, err)
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
		if a.duplicate = live[a.urn]; a.duplicate {
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

// mayBeRunning reports whether the interrupted operation may still be running.
func (a adoption) mayBeRunning() bool {
	return slices.Contains(lengthy, a.kind) && !a.duplicate && (a.operation == "creating" || a.operation == "updating")
}

// mark marks the resources in the state whose operation may still be running, and reports whether there are any.
func (s state) mark(adopted []adoption) bool {
	found := false
	for _, r := range s.list("resources") {
		if slices.ContainsFunc(adopted, func(a adoption) bool {
			return a.mayBeRunning() && a.urn == text(r, "urn") && a.id == text(r, "id")
		}) {
			r["initErrors"] = []string{unfinished}
			// In an update that only waits, the engine does not pass ignoreChanges to the provider.
			ignored, _ := r["ignoreChanges"].([]any)
			for _, path := range ignored {
				settle(r, strings.Split(fmt.Sprint(path), "."))
			}
			found = true
		}
	}
	return found
}

// settle sets the output at a path of keys to its input, or deletes it if there is no input, so that an update which only
// waits finds nothing to change there. That update reads the real value from the cloud.
func settle(resource object, path []string) {
	in, _ := resource["inputs"].(object)
	out, _ := resource["outputs"].(object)
	for _, key := range path[:len(path)-1] {
		in, _ = in[key].(object)
		if out, _ = out[key].(object); out == nil {
			return
		}
	}
	key := path[len(path)-1]
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

// holds reports whether the adopted resource is in the state.
func (s state) holds(a adoption) bool {
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
