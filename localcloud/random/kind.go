package random

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// kind is a resource type. Like the Google provider, this one knows only inputs that the program sets, and refuses others
// by name.
type kind struct {
	// inputs maps an input to its check, which returns what is wrong with a value, or nothing. All but length are
	// optional.
	inputs map[resource.PropertyKey]func(resource.PropertyValue) string
	// defaults are the values of inputs that are not set, also of those that the program never sets: they are part of
	// the state.
	defaults resource.PropertyMap
	outputs  []resource.PropertyKey // secret strings
	draw     func(in resource.PropertyMap) (outputs map[resource.PropertyKey]string, err error)
}

var kinds = map[tokens.Type]*kind{
	"random:index/randomPassword:RandomPassword": {
		inputs: map[resource.PropertyKey]func(resource.PropertyValue) string{"length": isLength, "special": isBool},
		defaults: resource.NewPropertyMapFromMap(map[string]any{
			"lower": true, "upper": true, "special": true, "numeric": true, "number": true,
			"minLower": 0, "minUpper": 0, "minNumeric": 0, "minSpecial": 0,
		}),
		outputs: []resource.PropertyKey{"result", "bcryptHash"},
		draw:    drawPassword,
	},
	"random:index/randomBytes:RandomBytes": {
		inputs:  map[resource.PropertyKey]func(resource.PropertyValue) string{"length": isLength},
		outputs: []resource.PropertyKey{"base64", "hex"},
		draw:    drawBytes,
	},
}

// read returns a resource's inputs with defaults and without secrets, and reports every mistake in them.
func (k *kind) read(given resource.PropertyMap) (in resource.PropertyMap, failures []plugin.CheckFailure) {
	fail := func(key resource.PropertyKey, format string, arguments ...any) {
		failures = append(failures, plugin.CheckFailure{Property: key, Reason: fmt.Sprintf(format, arguments...)})
	}
	in = k.defaults.Copy()
	if bare(given["length"]).IsNull() {
		fail("length", "length is required")
	}
	for _, key := range given.StableKeys() {
		if key == "__defaults" {
			continue
		}
		check, known := k.inputs[key]
		if !known {
			fail(key, "there is no input %q; there are %v", key, slices.Sorted(maps.Keys(k.inputs)))
			continue
		}
		value := bare(given[key])
		if value.IsNull() {
			continue
		}
		if wrong := check(value); wrong != "" && !value.IsComputed() {
			fail(key, "%s %s", key, wrong)
			continue
		}
		in[key] = value
	}
	return in, failures
}

// state returns a resource's state before its outputs. Secret inputs stay secret.
func (k *kind) state(given resource.PropertyMap) resource.PropertyMap {
	state := k.defaults.Copy()
	for key := range k.inputs {
		if value, ok := given[key]; ok && !bare(value).IsNull() {
			state[key] = value
		}
	}
	return state
}

// bare unwraps secrets and outputs.
func bare(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return bare(value.SecretValue().Element)
	case value.IsOutput() && value.OutputValue().Known:
		return bare(value.OutputValue().Element)
	case value.IsOutput():
		return resource.MakeComputed(resource.NewStringProperty(""))
	}
	return value
}

func isBool(value resource.PropertyValue) string {
	if !value.IsBool() {
		return "is " + value.TypeString() + ", not a boolean"
	}
	return ""
}

// maxLength is the upper limit of lengths.
const maxLength = 1 << 20

func isLength(value resource.PropertyValue) string {
	if !value.IsNumber() {
		return "is " + value.TypeString() + ", not a number"
	}
	if n := value.NumberValue(); n != float64(int64(n)) || n < 1 || n > maxLength {
		return fmt.Sprintf("is %v: want a whole number from 1 to %d", n, maxLength)
	}
	return ""
}
