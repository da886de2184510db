package gcp

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/schema"
)

// kind is a resource type: its inputs and outputs as declarations, its special behaviour as functions. The generic
// parts of check, diff, create, read, update and delete are in provider.go and lifecycle.go.
type kind struct {
	token string // the engine's type token
	title string // as in the provider's messages: "Error creating Network"
	noun  string // as in the API's messages: "The network resource"

	service string // whose API must be enabled; empty for types that need none
	scope   scope
	naming  *naming // how its names are generated and checked; nil if it has no name of its own
	fields  schema.Fields
	outputs []string // properties that the API adds to the inputs

	// id builds the engine's ID. For types that others refer to, it is also the resource name.
	id func(at place, in object) string
	// check validates several inputs together. Unknown values are nil.
	check func(in object) []plugin.CheckFailure
	// literal reports whether a value that could be a reference is not one.
	literal func(path, value string) bool
	// admit checks a new or changed resource against all others and fills in its outputs. old is nil at creation.
	admit func(t *txn, r, old *record) error
	// guard returns an error if the resource must not be deleted.
	guard func(t *txn, r *record) error
	// start and stop are the slow parts, run outside any transaction: start creates or changes what backs the resource,
	// stop removes it. Both may run again after a crash. start may add to the outputs.
	start func(ctx context.Context, a *API, r, old *record) error
	stop  func(ctx context.Context, a *API, r *record) error
	// gone runs in the transaction that removes the resource.
	gone func(t *txn, r *record) error
	// group names what must not change concurrently with the resource.
	group func(r *record) []string
	// unsent is the API's error for an update without contents. The provider sends one to remove a value that the cloud
	// filled in for a field not marked as computed. nil if the API accepts it.
	unsent error
	// adopts: creating an existing resource is no error, as with a member of a policy.
	adopts bool
}

// kinds are the types that the local cloud knows, by token.
var kinds = map[string]*kind{}

// register adds a type, with the inputs that all types of its scope and naming share.
func register(k *kind) *kind {
	if _, own := k.fields["project"]; !own {
		k.fields["project"] = schema.Of(schema.String, schema.Computed, schema.ForceNew,
			schema.Matches(projectIDs, "6 to 30 lower-case letters, digits and hyphens, starting with a letter"))
	}
	if k.naming != nil {
		k.fields["name"] = schema.Of(schema.String, schema.Computed, schema.ForceNew,
			schema.CheckString(k.naming.check))
	}
	switch k.scope {
	case regional:
		k.fields["region"] = schema.Of(schema.String, schema.Computed, schema.ForceNew)
	case zonal:
		k.fields["zone"] = schema.Of(schema.String, schema.Computed, schema.ForceNew)
	case located:
		k.fields["location"] = schema.Of(schema.String, schema.Computed, schema.ForceNew)
	}
	kinds[k.token] = k
	return k
}

func kindOf(token string) (*kind, error) {
	if k, ok := kinds[token]; ok {
		return k, nil
	}
	return nil, fmt.Errorf("the local cloud does not know the resource type %q; it knows %v", token,
		slices.Sorted(maps.Keys(kinds)))
}

// changes compares a resource's state with new inputs and returns the changes by property path, except ignored ones.
func (k *kind) changes(state, inputs resource.PropertyMap, ignored []string) map[string]plugin.PropertyDiff {
	found := k.fields.Diff(state, inputs)
	for _, text := range ignored {
		ignore, err := resource.ParsePropertyPath(text)
		if err != nil {
			continue // the engine has parsed it before
		}
		for path := range found {
			if at, err := resource.ParsePropertyPath(path); err == nil && ignore.Contains(at) {
				delete(found, path)
			}
		}
	}
	return found
}

// failure returns a failed check of one property.
func failure(property, format string, args ...any) plugin.CheckFailure {
	return plugin.CheckFailure{Property: propertyKey(property), Reason: fmt.Sprintf(format, args...)}
}

// memberID returns the id function for the members of a collection.
func memberID(collection string) func(place, object) string {
	return func(at place, in object) string { return memberName(at, collection, in.str("name")) }
}
