// Package monitoring declares the resource types of Cloud Monitoring. Nothing here measures or alerts: the local cloud checks what
// Google checks, and keeps it.
package monitoring

import (
	"fmt"
	"regexp"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// Kinds are the resource types.
func Kinds() []*api.Kind {
	return []*api.Kind{notificationChannel(), uptimeCheckConfig(), alertPolicy(), dashboard()}
}

// assigned is a resource name that the API assigns at the creation, and that stays. The engine's ID of a resource is its resource
// name, and the provider knows it only afterwards: nothing but a random part tells it from others.
func assigned(collection string) func(api.Location, api.Object) string {
	return func(at api.Location, _ api.Object) string {
		return fmt.Sprintf("projects/%s/%s/%s", at.Project, collection, api.Digits(19))
	}
}

// invalid is the API's error for a field.
func invalid(field, value, format string, args ...any) error {
	return api.BadRequest("Field %s had an invalid value of %q: %s", field, value, fmt.Sprintf(format, args...))
}

var labelPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// userLabels are the labels by which operators find things.
func userLabels() *schema.Field {
	return schema.MapOf(schema.String(schema.Matches(regexp.MustCompile(`^[a-z0-9_-]{0,63}$`),
		"at most 63 lower-case letters, digits, underscores and dashes")))
}

// checkLabels checks what a schema cannot: the keys.
func checkLabels(o api.Object) error {
	labels, _ := o["userLabels"].(map[string]any)
	for key := range labels {
		if !labelPattern.MatchString(key) {
			return invalid("user_labels", key, "a key begins with a lower-case letter")
		}
	}
	if len(labels) > 64 {
		return invalid("user_labels", fmt.Sprint(len(labels)), "there are more than 64")
	}
	return nil
}

// duration declares a duration in whole seconds, in the API's form, that is a multiple of some seconds.
func duration(multiple int, opts ...schema.Option) *schema.Field {
	return schema.String(append(opts, schema.CheckString(func(s string) error {
		var n int
		if read, err := fmt.Sscanf(s, "%ds", &n); err != nil || read != 1 || fmt.Sprintf("%ds", n) != s || n < 0 {
			return fmt.Errorf("%q is not a duration in seconds, such as 60s", s)
		}
		if n%multiple != 0 {
			return fmt.Errorf("%q is not a multiple of %d seconds", s, multiple)
		}
		return nil
	}))...)
}
