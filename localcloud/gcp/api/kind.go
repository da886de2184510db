package api

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/schema"
)

// Kind is a resource type: its inputs and outputs as declarations, its special behaviour as functions. The generic
// parts of check, diff and preview are in package provider; those of create, read, update and delete in lifecycle.go.
type Kind struct {
	Token string // the engine's type token
	Title string // as in the provider's messages: "Error creating Network"
	Noun  string // as in the API's messages: "The network resource"

	Service string // whose API must be enabled; empty for types that need none
	Scope   Scope
	Naming  *Naming // how its names are generated and checked; nil if it has no name of its own
	// Projectless: it has no project property, like a member of another resource's policy.
	Projectless bool
	Fields      schema.Fields
	Outputs     []string // properties that the API adds to the inputs

	// ID builds the engine's ID. For types to which others refer, it is also the resource name.
	ID func(at Location, in Object) string
	// Check validates several inputs together. Unknown values are nil.
	Check func(in Object) []plugin.CheckFailure
	// Admit checks a new or changed resource against all others and fills in its outputs. old is nil at creation.
	Admit func(t *Tx, r, old *Record) error
	// Live returns the inputs of a resource that change by themselves, with their values. A read returns these; and an update
	// leaves them as they are unless the provider, comparing with the engine's state, sends a change. nil if none do.
	Live func(r *Record) Object
	// Now brings the outputs up to date that change without an operation, such as a certificate's state.
	Now func(t *Tx, r *Record)
	// Guard returns an error if the resource must not be deleted.
	Guard func(t *Tx, r *Record) error
	// Start and Stop are the slow parts, run outside any transaction: Start creates or changes what the resource stands
	// for, Stop removes it. Both may run again after a crash. Start may add to the outputs. old is nil at creation.
	Start func(ctx context.Context, a *API, r, old *Record) error
	Stop  func(ctx context.Context, a *API, r *Record) error
	// Gone runs in the transaction that removes the resource.
	Gone func(t *Tx, r *Record) error
	// Group names what must not change concurrently with the resource.
	Group func(r *Record) []string
	// EmptyUpdate is the API's error for an update without contents. The provider sends one to remove a value that the
	// cloud filled in for a field not marked as computed. nil if the API accepts it.
	EmptyUpdate error
	// Adopts: creating an existing resource is no error, as with a member of a policy.
	Adopts bool
	// Exists is the API's error for a create of an existing resource; nil means Compute Engine's.
	Exists func(existing *Record, at Location) error
}

// addCommonFields adds the inputs that all types of the same scope and naming share.
func (k *Kind) addCommonFields() {
	if _, own := k.Fields["project"]; !own && !k.Projectless {
		k.Fields["project"] = schema.String(schema.Computed, schema.ForceNew, ProjectID)
	}
	if _, own := k.Fields["name"]; !own && k.Naming != nil {
		k.Fields["name"] = schema.String(schema.Computed, schema.ForceNew, schema.CheckString(k.Naming.Check))
	}
	if name := k.Scope.Property(); name != "" {
		k.Fields[name] = schema.String(schema.Computed, schema.ForceNew)
	}
}

// Changes compares a resource's state with new inputs and returns the changes by property path, except ignored ones.
func (k *Kind) Changes(state, inputs resource.PropertyMap, ignored []string) map[string]plugin.PropertyDiff {
	found := k.Fields.Diff(state, inputs)
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

// Failure returns a failed check of one property.
func Failure(property, format string, args ...any) plugin.CheckFailure {
	return plugin.CheckFailure{Property: resource.PropertyKey(property), Reason: fmt.Sprintf(format, args...)}
}
