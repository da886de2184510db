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

// kind is a resource type: its inputs and outputs declared, and what is special about it as functions. The generic
// parts of check, diff, create, read, update and delete are in provider.go and lifecycle.go.
type kind struct {
	token string // the engine's name of the type
	title string // as in the provider's messages: "Error creating Network"
	noun  string // as in the API's messages: "The network resource"

	service string // whose API must be on; empty for what always is
	scope   scope
	naming  *naming // how its names are made and checked; nil when it has no name of its own
	fields  schema.Fields
	outputs []string // what the API adds to the inputs

	// id makes the engine's ID, which is also the resource name for what others refer to.
	id func(at place, in object) string
	// check looks at several inputs together. Values that are not known are nil.
	check func(in object) []plugin.CheckFailure
	// literal says that a value which could be a reference is not one.
	literal func(path, value string) bool
	// admit checks a new or changed resource against all that stands, and fills its outputs. old is nil at first.
	admit func(t *txn, r, old *record) error
	// guard keeps a resource from being deleted.
	guard func(t *txn, r *record) error
	// start and stop are slow parts, run outside of any transaction: making or changing what stands behind the
	// resource, and taking it away. Both may run again after a crash. start may add to the outputs.
	start func(ctx context.Context, a *API, r, old *record) error
	stop  func(ctx context.Context, a *API, r *record) error
	// gone is called in the transaction that takes the resource out.
	gone func(t *txn, r *record) error
	// group names what must not change side by side with the resource.
	group func(r *record) []string
	// unsent is the API's answer to an update without contents. The provider sends one to remove what the cloud had
	// filled in, where neither knows the field as computed; nil where the API takes it.
	unsent error
	// adopts: making what is already there is no error, as with a member of a policy.
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

// changes compares a resource's state with new inputs, without what is ignored, by property path.
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

// failure is a failed check of one property.
func failure(property, format string, args ...any) plugin.CheckFailure {
	return plugin.CheckFailure{Property: propertyKey(property), Reason: fmt.Sprintf(format, args...)}
}

// globalID and its like make the resource names of a collection.
func memberID(collection string) func(place, object) string {
	return func(at place, in object) string { return memberName(at, collection, in.str("name")) }
}
