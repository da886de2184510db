package schema

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type props = map[string]any

func m(p props) resource.PropertyMap { return resource.NewPropertyMapFromMap(p) }

var sample = Fields{
	"fixed":    String(ForceNew),
	"filled":   String(Computed, ForceNew),
	"preset":   Int(Default(3)),
	"set":      SetOf(String()),
	"frozen":   SetOf(String(), ForceNew),
	"list":     ListOf(Int()),
	"map":      MapOf(String()),
	"ref":      String(Ref("things")),
	"objects":  SetOf(ObjectOf(Fields{"a": String(Required), "b": Int(Default(1))})),
	"block":    ObjectOf(Fields{"hard": String(ForceNew), "soft": String(), "auto": String(Computed)}),
	"computed": ObjectOf(Fields{"soft": String()}, Computed),
	"shrinks":  Int(ReplaceIf(func(o, n any) bool { return n.(float64) < o.(float64) })),
}

func TestDiff(t *testing.T) {
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	cases := []struct {
		name       string
		state, new props
		want       map[string]plugin.DiffKind
	}{
		{"nothing", props{"fixed": "a"}, props{"fixed": "a"}, nil},
		{"a set in another order", props{"set": []any{"a", "b", "b"}}, props{"set": []any{"b", "a", "b"}}, nil},
		{"one more of the same", props{"set": []any{"a"}}, props{"set": []any{"a", "a"}},
			map[string]plugin.DiffKind{"set[1]": plugin.DiffAdd}},
		{"one fewer", props{"set": []any{"a", "b"}}, props{"set": []any{"b"}},
			map[string]plugin.DiffKind{"set[0]": plugin.DiffDelete}},
		{"one for another", props{"set": []any{"a", "b"}}, props{"set": []any{"b", "c"}},
			map[string]plugin.DiffKind{"set[1]": plugin.DiffAdd, "set[0]": plugin.DiffDelete}},
		{"a frozen set", props{"frozen": []any{"a"}}, props{"frozen": []any{"b"}},
			map[string]plugin.DiffKind{"frozen[0]": plugin.DiffUpdateReplace}},
		{"a list in another order", props{"list": []any{1, 2}}, props{"list": []any{2, 1}},
			map[string]plugin.DiffKind{"list[0]": plugin.DiffUpdate, "list[1]": plugin.DiffUpdate}},
		{"a shorter list", props{"list": []any{1, 2}}, props{"list": []any{1}},
			map[string]plugin.DiffKind{"list[1]": plugin.DiffDelete}},
		{"a map", props{"map": props{"a": "1", "b": "2"}}, props{"map": props{"b": "3", "c.d": "4"}},
			map[string]plugin.DiffKind{"map.a": plugin.DiffDelete, "map.b": plugin.DiffUpdate, `map["c.d"]`: plugin.DiffAdd}},
		{"forms of a reference", props{"ref": "projects/p/global/things/t"}, props{"ref": "t"}, nil},
		{"another reference", props{"ref": "projects/p/global/things/t"}, props{"ref": "projects/q/global/things/t"},
			map[string]plugin.DiffKind{"ref": plugin.DiffUpdate}},
		{"objects in another order", props{"objects": []any{props{"a": "x", "b": 1}, props{"a": "y", "b": 2}}},
			props{"objects": []any{props{"a": "y", "b": 2}, props{"a": "x", "b": 1}}}, nil},
		{"an object of a set", props{"objects": []any{props{"a": "x", "b": 1}}}, props{"objects": []any{props{"a": "x", "b": 2}}},
			map[string]plugin.DiffKind{"objects[0]": plugin.DiffUpdate}},
		{"a block comes, with what cannot change", props{}, props{"block": props{"soft": "a"}},
			map[string]plugin.DiffKind{"block": plugin.DiffAddReplace}},
		{"within a block", props{"block": props{"hard": "a", "soft": "a"}}, props{"block": props{"hard": "a", "soft": "b"}},
			map[string]plugin.DiffKind{"block.soft": plugin.DiffUpdate}},
		{"the hard part of a block", props{"block": props{"hard": "a"}}, props{"block": props{"hard": "b"}},
			map[string]plugin.DiffKind{"block.hard": plugin.DiffUpdateReplace}},
		{"left to the cloud", props{"filled": "a"}, props{}, nil},
		{"said what the cloud filled in", props{"filled": "a"}, props{"filled": "a"}, nil},
		{"said otherwise", props{"filled": "a"}, props{"filled": "b"},
			map[string]plugin.DiffKind{"filled": plugin.DiffUpdateReplace}},
		{"said within a block", props{"block": props{"auto": "a"}}, props{"block": props{"auto": "a"}}, nil},
		{"filled in, but not computed", props{"preset": 3, "map": props{"goog": "a"}, "block": props{"soft": "a"}}, props{"preset": 3, "block": props{}},
			map[string]plugin.DiffKind{"map": plugin.DiffDelete, "block.soft": plugin.DiffDelete}},
		{"filled in with nothing", props{"fixed": "", "shrinks": 0, "list": []any{}}, props{}, nil},
		{"said, and not returned", props{}, props{"fixed": "a"}, map[string]plugin.DiffKind{"fixed": plugin.DiffAddReplace}},
		{"a computed block goes", props{"computed": props{"soft": "a"}}, props{}, nil},
		{"an empty list comes", props{}, props{"list": []any{}}, nil},
		{"grows", props{"shrinks": 1}, props{"shrinks": 2}, map[string]plugin.DiffKind{"shrinks": plugin.DiffUpdate}},
		{"shrinks", props{"shrinks": 2}, props{"shrinks": 1}, map[string]plugin.DiffKind{"shrinks": plugin.DiffUpdateReplace}},
		{"not known yet", props{"fixed": "a", "set": []any{"a"}}, props{"fixed": unknown, "set": []any{unknown}},
			map[string]plugin.DiffKind{"fixed": plugin.DiffUpdateReplace, "set[0]": plugin.DiffUpdate}},
		{"became a secret", props{"fixed": "a"}, props{"fixed": resource.MakeSecret(resource.NewStringProperty("a"))}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := map[string]plugin.DiffKind{}
			for path, d := range sample.Diff(m(c.state), m(c.new)) {
				got[path] = d.Kind
				assert.True(t, d.InputDiff)
			}
			if c.want == nil {
				c.want = map[string]plugin.DiffKind{}
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestCheckFillsDefaultsAndSaysSo(t *testing.T) {
	out, failures := sample.Check("T", m(props{"objects": []any{props{"a": "x"}}, "fixed": nil}))
	require.Empty(t, failures)
	assert.Equal(t, m(props{"preset": 3.0, Defaults: []any{"preset"},
		"objects": []any{props{"a": "x", "b": 1.0, Defaults: []any{"b"}}}}), out)
	again, failures := sample.Check("T", out)
	require.Empty(t, failures)
	assert.Empty(t, sample.Diff(out, again), "checking what was checked changes nothing")
}

func TestReferencesInTheirForms(t *testing.T) {
	full := "projects/p/regions/r/things/t"
	for _, same := range []string{full, "t", "things/t", "regions/r/things/t",
		"https://www.googleapis.com/compute/v1/" + full, "https://compute.googleapis.com/compute/beta/" + full,
		"//compute.googleapis.com/" + full} {
		assert.True(t, SameReference(full, same), same)
		assert.True(t, SameReference(same, full), same)
	}
	for _, other := range []string{"u", "projects/p/regions/s/things/t", "projects/q/regions/r/things/t", "ethings/t"} {
		assert.False(t, SameReference(full, other), other)
	}
}

func TestLimits(t *testing.T) {
	f := Fields{"n": Int(Between(1, 3)), "l": ListOf(String(), MinItems(1), MaxItems(2)), "s": String(OneOf("a", "b"))}
	for value, want := range map[string]int{"n=0": 1, "n=1": 0, "n=3": 0, "n=4": 1, "l=0": 1, "l=1": 0, "l=2": 0, "l=3": 1} {
		var name rune
		var n int
		_, err := fmt.Sscanf(value, "%c=%d", &name, &n)
		require.NoError(t, err)
		in := props{"n": n}
		if name == 'l' {
			in = props{"l": make([]any, n)}
			for i := range n {
				in["l"].([]any)[i] = "x"
			}
		}
		_, failures := f.Check("T", m(in))
		assert.Len(t, failures, want, value)
	}
	_, failures := f.Check("T", m(props{"s": "c"}))
	require.Len(t, failures, 1)
	assert.Equal(t, resource.PropertyKey("s"), failures[0].Property)
	assert.Contains(t, failures[0].Reason, "a, b")
}

// Ignored changes bring back the inputs in the state of an older version, with defaults of properties that are gone.
func TestAnUnlistedDefaultIsDropped(t *testing.T) {
	in := m(props{"block": props{"soft": "a", "gone": false, Defaults: []any{"gone"}}})
	checked, failures := sample.Check("sample", in)
	assert.Empty(t, failures)
	assert.NotContains(t, checked["block"].ObjectValue(), resource.PropertyKey("gone"))
	delete(in["block"].ObjectValue(), Defaults)
	_, failures = sample.Check("sample", in)
	require.Len(t, failures, 1)
	assert.Contains(t, failures[0].Reason, `does not know the property "block.gone"`)
}
