package gcp

import "geo-wordpress/localcloud/gcp/schema"

// fields and the names below are short forms for the declarations of types.
type fields = schema.Fields

func str(opts ...schema.Option) *schema.Field     { return schema.Of(schema.String, opts...) }
func boolean(opts ...schema.Option) *schema.Field { return schema.Of(schema.Bool, opts...) }
func integer(opts ...schema.Option) *schema.Field { return schema.Of(schema.Int, opts...) }
func number(opts ...schema.Option) *schema.Field  { return schema.Of(schema.Number, opts...) }

var (
	listOf   = schema.ListOf
	setOf    = schema.SetOf
	mapOf    = schema.MapOf
	objectOf = schema.ObjectOf

	required = schema.Option(schema.Required)
	computed = schema.Option(schema.Computed)
	forceNew = schema.Option(schema.ForceNew)
	keepForm = schema.Option(schema.KeepForm)
	weak     = schema.Option(schema.Weak)

	preset      = schema.Default
	oneOf       = schema.OneOf
	only        = schema.Only
	between     = schema.Between
	ref         = schema.Ref
	matches     = schema.Matches
	checkString = schema.CheckString
	replaceIf   = schema.ReplaceIf
	minItems    = schema.MinItems
	maxItems    = schema.MaxItems
)
