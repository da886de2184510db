package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"geo-wordpress/state"
)

// loader reads a configuration. It continues after a mistake, to find them all.
type loader struct {
	project   string
	values    map[string]string
	encrypted []string     // full keys
	last      *state.State // what exists already
	problems  Problems
}

func (l *loader) problem(key, value, allowed string) {
	l.problems = append(l.problems, Problem{Key: key, Value: value, Allowed: allowed})
}

// field is one value of the configuration, at the top level or inside an object or array, as decoded from JSON with
// numbers as json.Number. The zero field was already reported as a mistake; every reader passes over it silently.
type field struct {
	l     *loader
	key   string
	value any
}

// fails reports the field's value as a mistake.
func (f field) fails(allowed string) { f.l.problem(f.key, rendered(f.value), allowed) }

// fail reports the field's value as a mistake unless allowed is empty, and returns whether it did.
func (f field) fail(allowed string) bool {
	if allowed != "" {
		f.fails(allowed)
	}
	return allowed != ""
}

// top is a value of the program's own namespace. The CLI takes it from the stack's file or from the defaults of
// Pulumi.yaml. Scalars are given as text, arrays and objects as JSON.
func (l *loader) top(name string) field {
	key := l.project + ":" + name
	text, ok := l.values[key]
	if !ok {
		l.problem(key, "", "is not set, and the CLI did not pass its default from Pulumi.yaml: "+
			"run the program with the Pulumi CLI in the project's folder, or set the key")
		return field{}
	}
	f := field{l: l, key: key}
	switch kind := keys[name]; kind {
	case "string":
		f.value = text
	case "integer":
		f.value = text
		if number, err := decoded(text); err == nil && number == json.Number(text) {
			f.value = number
		}
	case "boolean":
		switch text {
		case "true", "false":
			f.value = text == "true"
		default:
			f.value = text
		}
	default:
		value, err := decoded(text)
		if err != nil {
			l.problem(key, quoted(text), fmt.Sprintf("must be an %s, written as YAML in the stack's file", kind))
			return field{}
		}
		f.value = value
	}
	return f
}

// decoded parses one JSON value with nothing after it.
func decoded(text string) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("text after the value")
	}
	return value, nil
}

// text reads a string.
func (f field) text() (string, bool) {
	if f.l == nil {
		return "", false
	}
	text, ok := f.value.(string)
	if !ok {
		f.fails("must be a string")
	}
	return text, ok
}

// checked reads a string that passes a check, which returns what is wrong, or nothing.
func (f field) checked(check func(string) string) (string, bool) {
	text, ok := f.text()
	if !ok || f.fail(check(text)) {
		return "", false
	}
	return text, true
}

// whole reads a whole number in a range; why says where the range comes from.
func (f field) whole(least, most int, why string) (int, bool) {
	if f.l == nil {
		return 0, false
	}
	allowed := fmt.Sprintf("must be a whole number from %d to %d (%s)", least, most, why)
	number, ok := f.value.(json.Number)
	if !ok {
		f.fails(allowed)
		return 0, false
	}
	n, err := strconv.Atoi(number.String())
	if err != nil || n < least || n > most {
		f.fails(allowed) // 2.0 and 2e0 as well: the program does not guess at fractions of a node
		return 0, false
	}
	return n, true
}

// truth reads a boolean.
func (f field) truth() bool {
	if f.l == nil {
		return false
	}
	truth, ok := f.value.(bool)
	if !ok {
		f.fails("must be true or false")
	}
	return truth
}

// items reads an array.
func (f field) items() ([]field, bool) {
	if f.l == nil {
		return nil, false
	}
	values, ok := f.value.([]any)
	if !ok {
		f.fails("must be an array, written as a YAML list in the stack's file")
		return nil, false
	}
	fields := make([]field, len(values))
	for i, value := range values {
		fields[i] = field{l: f.l, key: fmt.Sprintf("%s[%d]", f.key, i), value: value}
	}
	return fields, true
}

// object reads an object, reports unknown fields, and returns the known ones.
func (f field) object(known []string) (map[string]field, bool) {
	if f.l == nil {
		return nil, false
	}
	values, ok := f.value.(map[string]any)
	if !ok {
		f.fails("must be an object with the fields " + strings.Join(known, ", "))
		return nil, false
	}
	fields := make(map[string]field, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key := f.key + "." + name
		if !slices.Contains(known, name) {
			f.l.problem(key, "", "is not a field here: the fields are "+strings.Join(known, ", ")+suggestion(name, known))
			continue
		}
		fields[name] = field{l: f.l, key: key, value: values[name]}
	}
	return fields, true
}

// required is a field of an object, reported if it is missing.
func (f field) required(fields map[string]field, name, means string) field {
	if found, ok := fields[name]; ok {
		return found
	}
	f.l.problem(f.key+"."+name, "", "is not set: set it to "+means)
	return field{}
}

// prefix reads an address range in CIDR notation.
func (f field) prefix() (netip.Prefix, bool) {
	text, ok := f.text()
	if !ok {
		return netip.Prefix{}, false
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		f.fails("must be an address range in CIDR notation, such as 10.64.0.0/12")
		return netip.Prefix{}, false
	}
	return prefix, true
}

func rendered(value any) string {
	switch value := value.(type) {
	case string:
		return quoted(value)
	case json.Number:
		return clipped(value.String())
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%T", value)
	}
	return clipped(string(text))
}

func clipped(text string) string {
	if len(text) > shown {
		return fmt.Sprintf("%s... (%d bytes)", strings.ToValidUTF8(text[:shown], ""), len(text))
	}
	return text
}
