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

// Tx is a store transaction with the queries that the resource types need. A value that cannot be read aborts it: the
// resource types do not handle a broken store.
type Tx struct{ *store.Tx }

// broken is the error of a value that cannot be read.
type broken struct{ error }

// transaction runs fn, and returns the error that aborted it.
func transaction(fn func(*Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) (err error) {
		defer func() {
			switch reason := recover().(type) {
			case nil:
			case broken:
				err = reason.error
			default:
				panic(reason)
			}
		}()
		return fn(&Tx{tx})
	}
}

// Get decodes the value of a key, and says whether there is one.
func (t *Tx) Get(bucket, key string, into any) bool {
	ok, err := t.Tx.Get(bucket, key, into)
	if err != nil {
		panic(broken{err})
	}
	return ok
}

// Find returns the resource with an ID; nil if there is none.
func (t *Tx) Find(id string) *Record {
	var r Record
	if !t.Get(resourcesBucket, id, &r) {
		return nil
	}
	return &r
}

// Save writes a resource.
func (t *Tx) Save(r *Record) error { return t.Put(resourcesBucket, r.ID, r) }

// Drop removes a resource without any check.
func (t *Tx) Drop(id string) error { return t.Delete(resourcesBucket, id) }

// All returns every resource of the given types, or of all types if none is given, ordered by ID.
func (t *Tx) All(tokens ...string) (out []*Record) {
	err := store.Each(t.Tx, resourcesBucket, func(_ string, r *Record) error {
		if len(tokens) == 0 || slices.Contains(tokens, r.Type) {
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		panic(broken{err})
	}
	return out
}

// holder returns the resource that has a resource name, or that holds it; nil if there is none.
func (t *Tx) holder(name string) *Record {
	if r := t.Find(name); r != nil {
		return r
	}
	for _, r := range t.All() {
		if slices.Contains(r.Holds, name) {
			return r
		}
	}
	return nil
}

// RequireUnused returns an error if another resource uses this one, or a resource name that it holds.
func (t *Tx) RequireUnused(noun string, r *Record) error {
	for _, user := range t.All() {
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
	if on := false; !t.Get(servicesBucket, project+"/"+service, &on) || !on {
		return notEnabled(project, service)
	}
	return nil
}

// ProjectNumber returns a project's twelve-digit number, drawn at first use.
func (t *Tx) ProjectNumber(project string) (number string, err error) {
	if t.Get(projectsBucket, project, &number) {
		return number, nil
	}
	number = Digits(12)
	return number, t.Put(projectsBucket, project, number)
}
