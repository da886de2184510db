// Package fingerprint tells one declaration from another by a short text, for pods that must change when something
// that they do not name does.
package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Of is a text of 16 hexadecimal digits that differs when one of the inputs does. It is taken of what is declared, not
// of what the API answers: a default that Google or Kubernetes changes is no change.
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

// set leaves out the fields that are not set, so that a newer SDK with more fields is no change.
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
