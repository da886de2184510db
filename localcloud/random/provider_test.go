package random

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const (
	password = "random:index/randomPassword:RandomPassword"
	text     = "random:index/randomString:RandomString"
	bytes    = "random:index/randomBytes:RandomBytes"
	ident    = "random:index/randomId:RandomId"
)

func urn(token string) resource.URN {
	return resource.NewURN("dev", "geo-wordpress", "", tokens.Type(token), "thing")
}

func properties(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

func check(t *testing.T, token string, values map[string]any) []plugin.CheckFailure {
	t.Helper()
	response, err := New().Check(t.Context(), plugin.CheckRequest{URN: urn(token), News: properties(values)})
	require.NoError(t, err)
	return response.Failures
}

func create(t *testing.T, token string, values map[string]any) plugin.CreateResponse {
	t.Helper()
	require.Empty(t, check(t, token, values), "%v", values)
	response, err := New().Create(t.Context(), plugin.CreateRequest{URN: urn(token), Properties: properties(values)})
	require.NoError(t, err)
	return response
}

func secret(t *testing.T, value resource.PropertyValue) string {
	t.Helper()
	require.True(t, value.IsSecret(), "not secret")
	return value.SecretValue().Element.StringValue()
}

func count(s, letters string) (n int) {
	for _, r := range s {
		if strings.ContainsRune(letters, r) {
			n++
		}
	}
	return n
}

// Whatever the inputs are, the result has the length, only letters that are allowed, and enough of each class.
func TestStringsAreWhatWasAskedFor(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		values := map[string]any{}
		enabled := map[string]bool{}
		for _, class := range []string{"lower", "upper", "numeric", "special"} {
			enabled[class] = true
			if source.IntN(2) == 0 {
				enabled[class] = source.IntN(2) == 0
				values[class] = enabled[class]
			}
		}
		special := specials
		if source.IntN(3) == 0 {
			special = []string{"!-_", ".", "äß€"}[source.IntN(3)]
			values["overrideSpecial"] = special
		}
		least, sum := map[string]int{}, 0
		for class, input := range map[string]string{
			"lower": "minLower", "upper": "minUpper", "numeric": "minNumeric", "special": "minSpecial",
		} {
			if source.IntN(2) == 0 {
				least[class] = source.IntN(6)
				values[input] = least[class]
				sum += least[class]
			}
		}
		length := max(1, sum) + source.IntN(20)
		values["length"] = length
		if !enabled["lower"] && !enabled["upper"] && !enabled["numeric"] && !enabled["special"] {
			require.NotEmpty(t, check(t, text, values), "%v", values)
			continue
		}
		result := create(t, text, values).Properties["result"].StringValue()
		require.Equal(t, length, utf8.RuneCountInString(result), "%v", values)
		total := 0
		for class, letters := range map[string]string{
			"lower": lowerLetters, "upper": upperLetters, "numeric": digits, "special": special,
		} {
			n := count(result, letters)
			total += n
			require.GreaterOrEqual(t, n, least[class], "%v: %s in %q", values, class, result)
			if !enabled[class] {
				require.Equal(t, least[class], n, "%v: %s in %q", values, class, result)
			}
		}
		require.Equal(t, length, total, "%v: foreign letters in %q", values, result)
	}
}

func TestMinimaStandAnywhere(t *testing.T) {
	places := map[int]bool{}
	for range 400 {
		result := create(t, text, map[string]any{
			"length": 4, "minNumeric": 1, "numeric": false, "special": false,
		}).Properties["result"].StringValue()
		places[strings.IndexAny(result, digits)] = true
	}
	assert.Len(t, places, 4, "the digit must not always stand where it was drawn")
}

func TestEveryLetterIsDrawn(t *testing.T) {
	result := create(t, text, map[string]any{"length": 20000}).Properties["result"].StringValue()
	all := lowerLetters + upperLetters + digits + specials
	for _, letter := range all {
		n := strings.Count(result, string(letter))
		// 241 of each are expected; the tolerance is ten standard deviations.
		assert.InDelta(t, 20000/float64(len(all)), n, 155, "%q", letter)
	}
}

func TestPasswordIsSecretAndHashed(t *testing.T) {
	for _, length := range []int{1, 24, 72, 100} {
		response := create(t, password, map[string]any{"length": length})
		result, hash := secret(t, response.Properties["result"]), secret(t, response.Properties["bcryptHash"])
		assert.Len(t, result, length)
		assert.NoError(t, bcrypt.CompareHashAndPassword([]byte(hash), []byte(result[:min(length, 72)])))
		assert.Equal(t, resource.ID("none"), response.ID, "an ID is never secret, so it must not be the password")
	}
}

func TestBytes(t *testing.T) {
	response := create(t, bytes, map[string]any{"length": 32})
	fromHex, err := hex.DecodeString(secret(t, response.Properties["hex"]))
	require.NoError(t, err)
	fromBase64, err := base64.StdEncoding.DecodeString(secret(t, response.Properties["base64"]))
	require.NoError(t, err)
	assert.Len(t, fromHex, 32)
	assert.Equal(t, fromHex, fromBase64)
	assert.NotContains(t, string(response.ID), secret(t, response.Properties["base64"])[:8])
}

func TestID(t *testing.T) {
	response := create(t, ident, map[string]any{"byteLength": 4, "prefix": "x-"})
	get := func(key resource.PropertyKey) string {
		value := response.Properties[key].StringValue()
		require.True(t, strings.HasPrefix(value, "x-"), "%s: %s", key, value)
		return strings.TrimPrefix(value, "x-")
	}
	raw, err := hex.DecodeString(get("hex"))
	require.NoError(t, err)
	require.Len(t, raw, 4)
	assert.Equal(t, base64.RawURLEncoding.EncodeToString(raw), get("b64Url"))
	assert.Equal(t, base64.StdEncoding.EncodeToString(raw), get("b64Std"))
	assert.Equal(t, new(big.Int).SetBytes(raw).String(), get("dec"))
	assert.Equal(t, get("b64Url"), string(response.ID))
}

func TestNoTwoAlike(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		seen[secret(t, create(t, bytes, map[string]any{"length": 16}).Properties["hex"])] = true
		seen[create(t, text, map[string]any{"length": 16}).Properties["result"].StringValue()] = true
	}
	assert.Len(t, seen, 400)
}

func TestMistakesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		token    string
		values   map[string]any
		property resource.PropertyKey
		reason   string
	}{
		"unknown input":    {password, map[string]any{"length": 8, "lenght": 9}, "lenght", "lenght"},
		"missing length":   {password, map[string]any{}, "length", "required"},
		"no length":        {text, map[string]any{"length": 0}, "length", "0"},
		"half a character": {text, map[string]any{"length": 1.5}, "length", "1.5"},
		"length in words":  {text, map[string]any{"length": "16"}, "length", "not a number"},
		"endless":          {bytes, map[string]any{"length": 1e15}, "length", "1e+15"},
		"negative minimum": {text, map[string]any{"length": 8, "minLower": -1}, "minLower", "-1"},
		"minima too many":  {text, map[string]any{"length": 3, "minLower": 2, "minUpper": 2}, "length", "4"},
		"no class": {text, map[string]any{
			"length": 3, "lower": false, "upper": false, "numeric": false, "special": false,
		}, "lower", "must be true"},
		"flag in words":     {text, map[string]any{"length": 3, "lower": "yes"}, "lower", "not a boolean"},
		"number, numeric":   {text, map[string]any{"length": 3, "number": true, "numeric": false}, "number", "numeric"},
		"special is a list": {text, map[string]any{"length": 3, "overrideSpecial": []any{"!"}}, "overrideSpecial", "not a string"},
		"keepers":           {ident, map[string]any{"byteLength": 3, "keepers": map[string]any{"a": 1}}, "keepers", `"a"`},
		"length of an ID":   {ident, map[string]any{"byteLength": 3, "length": 3}, "length", "byteLength"},
	} {
		t.Run(name, func(t *testing.T) {
			failures := check(t, c.token, c.values)
			require.Len(t, failures, 1)
			assert.Equal(t, c.property, failures[0].Property)
			assert.Contains(t, failures[0].Reason, c.reason)
			_, err := New().Create(t.Context(), plugin.CreateRequest{URN: urn(c.token), Properties: properties(c.values)})
			assert.Error(t, err, "Create must not take what Check refused")
		})
	}
	for _, token := range []string{"random:index/randomPet:RandomPet", "random:index/nothing:Nothing"} {
		_, err := New().Check(t.Context(), plugin.CheckRequest{URN: urn(token)})
		assert.ErrorContains(t, err, token)
		_, err = New().Create(t.Context(), plugin.CreateRequest{URN: urn(token)})
		assert.ErrorContains(t, err, token)
	}
}

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct {
		before, after map[string]any
		replaces      []resource.PropertyKey
	}{
		"same":            {map[string]any{"length": 8}, map[string]any{"length": 8}, nil},
		"default stated":  {map[string]any{"length": 8}, map[string]any{"length": 8, "upper": true, "minLower": 0}, nil},
		"older name":      {map[string]any{"length": 8, "numeric": false}, map[string]any{"length": 8, "number": false}, nil},
		"length":          {map[string]any{"length": 8}, map[string]any{"length": 9}, []resource.PropertyKey{"length"}},
		"default changed": {map[string]any{"length": 8}, map[string]any{"length": 8, "upper": false}, []resource.PropertyKey{"upper"}},
		"keepers": {
			map[string]any{"length": 8, "keepers": map[string]any{"a": "1"}},
			map[string]any{"length": 8, "keepers": map[string]any{"a": "2"}}, []resource.PropertyKey{"keepers"},
		},
		"keepers go": {
			map[string]any{"length": 8, "keepers": map[string]any{"a": "1"}},
			map[string]any{"length": 8}, []resource.PropertyKey{"keepers"},
		},
		"not known yet": {
			map[string]any{"length": 8, "keepers": map[string]any{"a": "1"}},
			map[string]any{"length": 8, "keepers": map[string]any{"a": resource.Computed{Element: resource.NewStringProperty("")}}},
			[]resource.PropertyKey{"keepers"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			diff, err := New().Diff(t.Context(), plugin.DiffRequest{
				URN: urn(password), OldInputs: properties(c.before), NewInputs: properties(c.after),
			})
			require.NoError(t, err)
			assert.Equal(t, c.replaces, diff.ReplaceKeys)
			assert.Equal(t, len(c.replaces) > 0, diff.Changes == plugin.DiffSome)
			assert.Equal(t, len(c.replaces) > 0, diff.Replace())
			_, err = New().Update(t.Context(), plugin.UpdateRequest{
				URN: urn(password), OldInputs: properties(c.before), NewInputs: properties(c.after),
			})
			assert.Equal(t, len(c.replaces) > 0, err != nil, "an update must not skip a replacement")
		})
	}
}

func TestSecretInputIsNoChangeAndStaysSecret(t *testing.T) {
	keepers := resource.NewObjectProperty(properties(map[string]any{"a": "1"}))
	plain := resource.PropertyMap{"length": resource.NewNumberProperty(8), "keepers": keepers}
	hidden := resource.PropertyMap{"length": resource.NewNumberProperty(8), "keepers": resource.MakeSecret(keepers)}
	diff, err := New().Diff(t.Context(), plugin.DiffRequest{URN: urn(text), OldInputs: plain, NewInputs: hidden})
	require.NoError(t, err)
	assert.Equal(t, plugin.DiffNone, diff.Changes)
	response, err := New().Create(t.Context(), plugin.CreateRequest{URN: urn(text), Properties: hidden})
	require.NoError(t, err)
	assert.True(t, response.Properties["keepers"].IsSecret())
}

func TestPreviewDrawsNothing(t *testing.T) {
	for token, outputs := range map[string][]resource.PropertyKey{
		password: {"result", "bcryptHash"}, bytes: {"base64", "hex"},
	} {
		response, err := New().Create(t.Context(), plugin.CreateRequest{
			URN: urn(token), Properties: properties(map[string]any{"length": 8}), Preview: true,
		})
		require.NoError(t, err)
		assert.Empty(t, response.ID)
		for _, output := range outputs {
			value := response.Properties[output]
			assert.True(t, value.ContainsUnknowns(), "%s of %s", output, token)
			assert.True(t, value.IsSecret(), "%s of %s", output, token)
		}
	}
}

func TestStateIsComplete(t *testing.T) {
	state := create(t, password, map[string]any{"length": 8, "number": false}).Properties
	for key, want := range map[resource.PropertyKey]any{
		"length": 8.0, "lower": true, "upper": true, "special": true, "numeric": false, "number": false,
		"minLower": 0.0, "minUpper": 0.0, "minNumeric": 0.0, "minSpecial": 0.0,
	} {
		assert.Equal(t, want, state[key].V, key)
	}
	for _, absent := range []resource.PropertyKey{"keepers", "overrideSpecial"} {
		assert.NotContains(t, state, absent)
	}
}

func TestReadKeepsTheState(t *testing.T) {
	created := create(t, password, map[string]any{"length": 8})
	response, err := New().Read(t.Context(), plugin.ReadRequest{
		URN: urn(password), ID: created.ID, State: created.Properties, Inputs: properties(map[string]any{"length": 8}),
	})
	require.NoError(t, err)
	assert.Equal(t, created.Properties, response.Outputs)
	assert.Equal(t, created.ID, response.ID)
	_, err = New().Read(t.Context(), plugin.ReadRequest{URN: urn(password), ID: "hunter2"})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2", "an ID to import may be the secret itself")
}

func TestUpdateKeepsTheValue(t *testing.T) {
	created := create(t, password, map[string]any{"length": 8})
	response, err := New().Update(t.Context(), plugin.UpdateRequest{
		URN: urn(password), OldInputs: properties(map[string]any{"length": 8}), OldOutputs: created.Properties,
		NewInputs: properties(map[string]any{"length": 8, "lower": true}),
	})
	require.NoError(t, err)
	assert.Equal(t, created.Properties["result"], response.Properties["result"])
}

func TestConfigurationIsRefused(t *testing.T) {
	response, err := New().CheckConfig(t.Context(), plugin.CheckConfigRequest{
		News: properties(map[string]any{"version": "4.18.4", "seed": "1"}),
	})
	require.NoError(t, err)
	require.Len(t, response.Failures, 1)
	assert.Contains(t, fmt.Sprint(response.Failures), "seed")
}
