package api

import (
	"slices"

	"geo-wordpress/localcloud/store"
)

const (
	resourcesBucket = "resources"
	servicesBucket  = "services" // project/service -> true: the enabled APIs
	projectsBucket  = "projects" // project -> its number
)

// Tx is a store transaction with the queries that the resource types need.
type Tx struct{ *store.Tx }

// Find returns the resource with an ID; nil if there is none.
func (t *Tx) Find(id string) (*Record, error) {
	var r Record
	ok, err := t.Get(resourcesBucket, id, &r)
	if err != nil || !ok {
		return nil, err
	}
	return &r, nil
}

// Save writes a resource.
func (t *Tx) Save(r *Record) error { return t.Put(resourcesBucket, r.ID, r) }

// Drop removes a resource without any check.
func (t *Tx) Drop(id string) error { return t.Delete(resourcesBucket, id) }

// All returns every resource of the given types, or of all types if none is given, ordered by ID.
func (t *Tx) All(tokens ...string) ([]*Record, error) {
	var out []*Record
	err := store.Each(t.Tx, resourcesBucket, func(_ string, r *Record) error {
		if len(tokens) == 0 || slices.Contains(tokens, r.Type) {
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// holder returns the resource that has a resource name, or that holds it; nil if there is none.
func (t *Tx) holder(name string) (*Record, error) {
	if r, err := t.Find(name); r != nil || err != nil {
		return r, err
	}
	all, err := t.All()
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if slices.Contains(r.Holds, name) {
			return r, nil
		}
	}
	return nil, nil
}

// RequireUnused returns an error if another resource uses this one, or a resource name that it holds.
func (t *Tx) RequireUnused(noun string, r *Record) error {
	all, err := t.All()
	if err != nil {
		return err
	}
	for _, user := range all {
		if user.ID == r.ID {
			continue
		}
		for _, ref := range user.Refs {
			switch {
			case ref.Weak:
			case ref.Target == r.ID:
				return InUse(noun, r.ID, user.ID)
			case slices.Contains(r.Holds, ref.Target):
				return InUse("instance_group", ref.Target, user.ID)
			}
		}
	}
	return nil
}

// Enable enables a service's API in a project.
func (t *Tx) Enable(project, service string) error {
	return t.Put(servicesBucket, project+"/"+service, true)
}

// RequireAPI returns an error if a service's API is not enabled in a project.
func (t *Tx) RequireAPI(project, service string) error {
	if service == "" {
		return nil
	}
	var on bool
	_, err := t.Get(servicesBucket, project+"/"+service, &on)
	if err == nil && !on {
		err = notEnabled(project, service)
	}
	return err
}

// ProjectNumber returns a project's twelve-digit number, drawn at first use.
func (t *Tx) ProjectNumber(project string) (string, error) {
	var number string
	if ok, err := t.Get(projectsBucket, project, &number); ok || err != nil {
		return number, err
	}
	number = Digits(12)
	return number, t.Put(projectsBucket, project, number)
}
