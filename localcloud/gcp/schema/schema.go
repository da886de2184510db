// Package schema declares the inputs of a resource type, and checks and compares input values by the declaration. It
// handles unknown values (in a preview) and secrets, and passes both on.
package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Kind is the kind of a value.
type Kind int

// A set is an unordered list.
const (
	str Kind = iota
	boolean
	integer
	number
	list
	set
	mapping
	object
)

func (k Kind) String() string {
	return [...]string{"a string", "a boolean", "an integer", "a number", "a list", "a list", "a map", "an object"}[k]
}

// Fields are the inputs of a resource type, or of an object in one, by name.
type Fields map[string]*Field

// Field is one input.
type Field struct {
	Kind   Kind
	Elem   *Field // of a list, set or map
	Fields Fields // of an object

	// Required: the program must set it. Computed: the cloud fills it in if the program does not, so removing it from
	// the program changes nothing. Default: the value that the provider itself fills in.
	Required, Computed bool
	Default            any

	// ForceNew: a change replaces the resource. On an object it applies only to adding or removing the object; the
	// fields inside declare their own. Replace decides by the values instead, and is called only with two known values.
	ForceNew bool
	Replace  func(old, new any) bool

	// Refs are the collections whose members the value may name. KeepForm keeps the form that the program wrote in the
	// outputs; otherwise they hold the cloud's form of the reference. A Weak reference does not prevent the deletion of
	// its target.
	Refs     []string
	KeepForm bool
	Weak     bool

	// Checks run on known values of the right kind: a string, bool, float64 or []any.
	Checks []func(v any) error
	// Same reports whether two strings mean the same thing.
	Same func(old, new string) bool
}

// Option refines a Field.
type Option func(*Field)

// String declares a string.
func String(opts ...Option) *Field { return (&Field{Kind: str}).with(opts) }

// Bool declares a boolean.
func Bool(opts ...Option) *Field { return (&Field{Kind: boolean}).with(opts) }

// Int declares an integer.
func Int(opts ...Option) *Field { return (&Field{Kind: integer}).with(opts) }

// Number declares a number.
func Number(opts ...Option) *Field { return (&Field{Kind: number}).with(opts) }

// ListOf declares a list of elem.
func ListOf(elem *Field, opts ...Option) *Field { return (&Field{Kind: list, Elem: elem}).with(opts) }

// SetOf declares an unordered list of elem.
func SetOf(elem *Field, opts ...Option) *Field { return (&Field{Kind: set, Elem: elem}).with(opts) }

// MapOf declares a map from strings to elem.
func MapOf(elem *Field, opts ...Option) *Field { return (&Field{Kind: mapping, Elem: elem}).with(opts) }

// ObjectOf declares a nested object.
func ObjectOf(fields Fields, opts ...Option) *Field {
	return (&Field{Kind: object, Fields: fields}).with(opts)
}

func (f *Field) with(opts []Option) *Field {
	for _, o := range opts {
		o(f)
	}
	return f
}

// Required marks a field that the program must set.
func Required(f *Field) { f.Required = true }

// Computed marks a field that the cloud fills in.
func Computed(f *Field) { f.Computed = true }

// ForceNew marks a field whose change replaces the resource.
func ForceNew(f *Field) { f.ForceNew = true }

// KeepForm leaves a reference in the form the program wrote.
func KeepForm(f *Field) { f.KeepForm = true }

// Default sets the value of an absent field: a string, bool or int.
func Default(v any) Option {
	if n, ok := v.(int); ok {
		v = float64(n)
	}
	return func(f *Field) { f.Default = v }
}

// ReplaceIf replaces the resource on a change for which fn, given the old and the new value, returns true.
func ReplaceIf(fn func(old, new any) bool) Option { return func(f *Field) { f.Replace = fn } }

// Ref declares a reference to a member of one of the collections.
func Ref(collections ...string) Option {
	return func(f *Field) { f.Refs, f.Same = collections, SameReference }
}

// Weak marks a reference that does not prevent the deletion of its target.
func Weak(f *Field) { f.Weak = true }

// urlPrefix matches the part of a self link before the resource name: a Google API's host and version.
var urlPrefix = regexp.MustCompile(`^(https?:)?//[a-z.]+\.googleapis\.com/(compute/)?((v1|beta|v1beta1)/)?`)

// TrimURL reduces a self link to its resource name and returns anything else unchanged.
func TrimURL(s string) string { return urlPrefix.ReplaceAllString(s, "") }

// SameReference compares references in any of their forms: self link, resource name, a part of one, or the name alone.
func SameReference(old, new string) bool {
	old, new = TrimURL(old), TrimURL(new)
	return old == new || strings.HasSuffix(old, "/"+new) || strings.HasSuffix(new, "/"+old)
}

// Same declares when two strings mean the same thing.
func Same(fn func(old, new string) bool) Option { return func(f *Field) { f.Same = fn } }

// Check adds a check of a known value.
func Check(fn func(v any) error) Option {
	return func(f *Field) { f.Checks = append(f.Checks, fn) }
}

// CheckString adds a check of a known string.
func CheckString(fn func(s string) error) Option {
	return Check(func(v any) error { return fn(v.(string)) })
}

// OneOf allows the listed strings.
func OneOf(allowed ...string) Option {
	return CheckString(func(s string) error {
		if slices.Contains(allowed, s) {
			return nil
		}
		return fmt.Errorf("%q is not one of what the local cloud knows: %s", s, strings.Join(allowed, ", "))
	})
}

// Only allows one of the values that the real cloud knows; why names what the local cloud lacks.
func Only(value any, why string) Option {
	if n, ok := value.(int); ok {
		value = float64(n)
	}
	return Check(func(v any) error {
		if v == value {
			return nil
		}
		return fmt.Errorf("the local cloud knows only %v here, not %v: %s", value, v, why)
	})
}

// Between allows numbers from lo to hi.
func Between(lo, hi float64) Option {
	return Check(func(v any) error {
		if n := v.(float64); n < lo || n > hi {
			return fmt.Errorf("%v is not between %v and %v", n, lo, hi)
		}
		return nil
	})
}

// Matches allows strings that match the expression; rule describes it in words.
func Matches(re *regexp.Regexp, rule string) Option {
	return CheckString(func(s string) error {
		if re.MatchString(s) {
			return nil
		}
		return fmt.Errorf("%q is not valid: %s", s, rule)
	})
}

// MaxItems limits a list to n items.
func MaxItems(n int) Option {
	return Check(func(v any) error {
		if l := len(v.([]any)); l > n {
			return fmt.Errorf("%d items are more than the %d allowed", l, n)
		}
		return nil
	})
}

// MinItems requires at least n items in a list.
func MinItems(n int) Option {
	return Check(func(v any) error {
		if l := len(v.([]any)); l < n {
			return fmt.Errorf("%d items are fewer than the %d needed", l, n)
		}
		return nil
	})
}
