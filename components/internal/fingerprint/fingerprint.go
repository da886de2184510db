// Package fingerprint hashes declarations, for pods that must change when something they do not reference changes.
package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Of returns 16 hexadecimal digits that change when an input changes. It hashes the declared inputs, not what the API
// returns, so a default that Google or Kubernetes changes has no effect.
func Of(inputs ...interface{}) pulumi.StringOutput {
	return pulumi.All(inputs...).ApplyT(of).(pulumi.StringOutput)
}

func of(values []interface{}) (string, error) {
	text, err := json.Marshal(values)
	if err != nil {
		return "", err
	}
	var plain interface{}
	if err := json.Unmarshal(text, &plain); err != nil {
		return "", err
	}
	if text, err = json.Marshal(set(plain)); err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}

// set drops the fields that are not set, so that the new fields of a newer SDK have no effect.
func set(v interface{}) interface{} {
	switch v := v.(type) {
	case map[string]interface{}:
		for name, value := range v {
			if value == nil {
				delete(v, name)
				continue
			}
			v[name] = set(value)
		}
	case []interface{}:
		for i, value := range v {
			v[i] = set(value)
		}
	}
	return v
}
