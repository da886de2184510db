package random

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const (
	password = "random:index/randomPassword:RandomPassword"
	bytes    = "random:index/randomBytes:RandomBytes"
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

func TestEveryCharacterIsDrawn(t *testing.T) {
	for special, all := range map[bool]string{false: plainCharacters, true: plainCharacters + specialCharacters} {
		result := secret(t, create(t, password, map[string]any{"length": 20000, "special": special}).Properties["result"])
		require.Len(t, result, 20000)
		total := 0
		for _, letter := range all {
			n := strings.Count(result, string(letter))
			total += n
			// Of 62 characters, 323 each are expected; the tolerance is more than eight standard deviations.
			assert.InDelta(t, 20000/float64(len(all)), n, 155, "%q", letter)
		}
		assert.Equal(t, len(result), total, "other characters")
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

func TestNoTwoAlike(t *testing.T) {
	seen := map[string]bool{}
	for range 5 {
		seen[secret(t, create(t, bytes, map[string]any{"length": 16}).Properties["hex"])] = true
		seen[secret(t, create(t, password, map[string]any{"length": 16}).Properties["result"])] = true
	}
	assert.Len(t, seen, 10)
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
		"no length":        {password, map[string]any{"length": 0}, "length", "0"},
		"half a character": {password, map[string]any{"length": 1.5}, "length", "an integer"},
		"length in words":  {password, map[string]any{"length": "16"}, "length", "an integer"},
		"endless":          {bytes, map[string]any{"length": 1e15}, "length", "1e+15"},
		"flag in words":    {password, map[string]any{"length": 3, "special": "yes"}, "special", "a boolean"},
		"never set":        {password, map[string]any{"length": 3, "minLower": 1}, "minLower", "minLower"},
		"of another type":  {bytes, map[string]any{"length": 3, "special": true}, "special", "special"},
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
		"default stated":  {map[string]any{"length": 8}, map[string]any{"length": 8, "special": true}, nil},
		"length":          {map[string]any{"length": 8}, map[string]any{"length": 9}, []resource.PropertyKey{"length"}},
		"default changed": {map[string]any{"length": 8}, map[string]any{"length": 8, "special": false}, []resource.PropertyKey{"special"}},
		"not known yet": {
			map[string]any{"length": 8},
			map[string]any{"length": resource.Computed{Element: resource.NewStringProperty("")}},
			[]resource.PropertyKey{"length"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			diff, err := New().Diff(t.Context(), plugin.DiffRequest{
				URN: urn(password), OldInputs: properties(c.before), NewInputs: properties(c.after),
			})
			require.NoError(t, err)
			assert.Len(t, diff.DetailedDiff, len(c.replaces))
			for _, key := range c.replaces {
				assert.True(t, diff.DetailedDiff[string(key)].Kind.IsReplace(), key)
			}
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
	plain := resource.PropertyMap{"length": resource.NewNumberProperty(8)}
	hidden := resource.PropertyMap{"length": resource.MakeSecret(resource.NewNumberProperty(8))}
	diff, err := New().Diff(t.Context(), plugin.DiffRequest{URN: urn(password), OldInputs: plain, NewInputs: hidden})
	require.NoError(t, err)
	assert.Equal(t, plugin.DiffNone, diff.Changes)
	response, err := New().Create(t.Context(), plugin.CreateRequest{URN: urn(password), Properties: hidden})
	require.NoError(t, err)
	assert.True(t, response.Properties["length"].IsSecret())
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
	state := create(t, password, map[string]any{"length": 8, "special": false}).Properties
	for key, want := range map[resource.PropertyKey]any{
		"length": 8.0, "lower": true, "upper": true, "special": false, "numeric": true, "number": true,
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
		NewInputs: properties(map[string]any{"length": 8, "special": true}),
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
