package gcp

import (
	"fmt"

	"geo-wordpress/localcloud/gcp/schema"
)

// labels declares the labels of a resource, by Google's rules.
func labels() *schema.Field {
	return mapOf(str(matches(labelValues, "a label's value has up to 63 lower-case letters, digits, _ and -")),
		schema.Check(func(v any) error {
			m := v.(map[string]any)
			if len(m) > 64 {
				return fmt.Errorf("%d labels are more than the 64 allowed", len(m))
			}
			for key := range m {
				if !labelKeys.MatchString(key) {
					return fmt.Errorf("%q is not a label's key: up to 63 lower-case letters, digits, _ and -, from a letter", key)
				}
			}
			return nil
		}))
}

// fillLabels fills in the outputs derived from labels.
func fillLabels(r *record) {
	given := map[string]any{}
	for k, v := range r.Outputs.strMap("labels") {
		given[k] = v
	}
	r.Outputs["pulumiLabels"] = given
	r.Outputs["effectiveLabels"] = given
	r.Outputs["labelFingerprint"] = fingerprint(given)
}
