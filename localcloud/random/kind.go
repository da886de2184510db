package random

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// kind is a resource type.
type kind struct {
	inputs  map[resource.PropertyKey]input
	outputs []resource.PropertyKey // all are strings
	secret  bool                   // whether the outputs are
	// verify reports mistakes that involve several inputs, all of them known.
	verify func(in inputs) []plugin.CheckFailure
	// draw generates the outputs, and the resource's ID, which is never secret.
	draw func(in inputs) (id string, outputs map[resource.PropertyKey]string, err error)
}

// input is one of a resource's inputs.
type input struct {
	check    func(resource.PropertyValue) string // returns what is wrong with a value; empty if valid
	required bool
	fallback resource.PropertyValue // its value if unset; null for none
	alias    resource.PropertyKey   // the current name, for an older name
}

var characters = map[resource.PropertyKey]input{
	"keepers":         {check: isStringMap},
	"length":          {check: isAtLeast(1), required: true},
	"lower":           flag,
	"upper":           flag,
	"special":         flag,
	"numeric":         flag,
	"number":          {check: isBool, alias: "numeric"},
	"minLower":        minimum,
	"minUpper":        minimum,
	"minNumeric":      minimum,
	"minSpecial":      minimum,
	"overrideSpecial": {check: isString},
}

var (
	flag    = input{check: isBool, fallback: resource.NewBoolProperty(true)}
	minimum = input{check: isAtLeast(0), fallback: resource.NewNumberProperty(0)}
)

var kinds = map[tokens.Type]*kind{
	"random:index/randomPassword:RandomPassword": {
		inputs: characters, outputs: []resource.PropertyKey{"result", "bcryptHash"}, secret: true,
		verify: verifyCharacters, draw: drawPassword,
	},
	"random:index/randomString:RandomString": {
		inputs: characters, outputs: []resource.PropertyKey{"result"},
		verify: verifyCharacters, draw: drawString,
	},
	"random:index/randomBytes:RandomBytes": {
		inputs: map[resource.PropertyKey]input{
			"keepers": {check: isStringMap},
			"length":  {check: isAtLeast(1), required: true},
		},
		outputs: []resource.PropertyKey{"base64", "hex"}, secret: true,
		draw: drawBytes,
	},
	"random:index/randomId:RandomId": {
		inputs: map[resource.PropertyKey]input{
			"keepers":    {check: isStringMap},
			"byteLength": {check: isAtLeast(1), required: true},
			"prefix":     {check: isString},
		},
		outputs: []resource.PropertyKey{"b64Std", "b64Url", "dec", "hex"},
		draw:    drawID,
	},
}

// inputs are a resource's normalized inputs: defaults filled in, secrets unwrapped, older names replaced.
type inputs struct {
	values  resource.PropertyMap
	unknown bool
}

func (in inputs) number(key resource.PropertyKey) int { return int(in.values[key].NumberValue()) }
func (in inputs) flag(key resource.PropertyKey) bool  { return in.values[key].BoolValue() }
func (in inputs) text(key resource.PropertyKey) string {
	if value, ok := in.values[key]; ok {
		return value.StringValue()
	}
	return ""
}

// state returns the inputs for the resource's state. Secret inputs stay secret.
func (in inputs) state(given resource.PropertyMap) resource.PropertyMap {
	state := in.values.Copy()
	for key, value := range given {
		if !bare(value).IsNull() {
			state[key] = value
		}
	}
	if numeric, ok := state["numeric"]; ok {
		state["number"] = numeric
	}
	return state
}

func (k *kind) keys() []resource.PropertyKey { return slices.Sorted(maps.Keys(k.inputs)) }

func (k *kind) mark(value resource.PropertyValue) resource.PropertyValue {
	if k.secret {
		return resource.MakeSecret(value)
	}
	return value
}

// read normalizes a resource's inputs and reports every mistake in them.
func (k *kind) read(given resource.PropertyMap) (inputs, []plugin.CheckFailure) {
	in := inputs{values: resource.PropertyMap{}}
	var failures []plugin.CheckFailure
	fail := func(key resource.PropertyKey, format string, arguments ...any) {
		failures = append(failures, plugin.CheckFailure{Property: key, Reason: fmt.Sprintf(format, arguments...)})
	}
	for _, key := range given.StableKeys() {
		if _, ok := k.inputs[key]; !ok && key != "__defaults" {
			fail(key, "there is no input %q; there are %v", key, k.keys())
		}
	}
	for _, key := range k.keys() {
		spec := k.inputs[key]
		value := bare(given[key])
		switch {
		case value.ContainsUnknowns():
			in.unknown = true
		case value.IsNull():
			if spec.required {
				fail(key, "%s is required", key)
			}
			continue
		default:
			if wrong := spec.check(value); wrong != "" {
				fail(key, "%s %s", key, wrong)
				continue
			}
		}
		if spec.alias != "" {
			if other := bare(given[spec.alias]); !other.IsNull() && !other.DeepEquals(value) {
				fail(key, "%s is an older name of %s; they cannot differ", key, spec.alias)
			}
			key = spec.alias
		}
		in.values[key] = value
	}
	for key, spec := range k.inputs {
		if _, ok := in.values[key]; !ok && !spec.fallback.IsNull() {
			in.values[key] = spec.fallback
		}
	}
	if len(failures) == 0 && !in.unknown && k.verify != nil {
		failures = k.verify(in)
	}
	return in, failures
}

// bare unwraps secrets and outputs.
func bare(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return bare(value.SecretValue().Element)
	case value.IsOutput():
		if !value.OutputValue().Known {
			return resource.MakeComputed(resource.NewStringProperty(""))
		}
		return bare(value.OutputValue().Element)
	case value.IsObject():
		object := resource.PropertyMap{}
		for key, element := range value.ObjectValue() {
			object[key] = bare(element)
		}
		return resource.NewObjectProperty(object)
	}
	return value
}

func isString(value resource.PropertyValue) string {
	if !value.IsString() {
		return "is " + value.TypeString() + ", not a string"
	}
	return ""
}

func isBool(value resource.PropertyValue) string {
	if !value.IsBool() {
		return "is " + value.TypeString() + ", not a boolean"
	}
	return ""
}

// mostOfAnything is the upper limit of all number inputs.
const mostOfAnything = 1 << 20

func isAtLeast(least int) func(resource.PropertyValue) string {
	return func(value resource.PropertyValue) string {
		if !value.IsNumber() {
			return "is " + value.TypeString() + ", not a number"
		}
		number := value.NumberValue()
		if number != float64(int64(number)) || number < float64(least) || number > mostOfAnything {
			return fmt.Sprintf("is %v: a whole number from %d to %d is allowed", number, least, mostOfAnything)
		}
		return ""
	}
}

func isStringMap(value resource.PropertyValue) string {
	if !value.IsObject() {
		return "is " + value.TypeString() + ", not a map of strings"
	}
	for key, element := range value.ObjectValue() {
		if !element.IsString() && !element.IsNull() {
			return fmt.Sprintf("[%q] is %s, not a string", key, element.TypeString())
		}
	}
	return ""
}
