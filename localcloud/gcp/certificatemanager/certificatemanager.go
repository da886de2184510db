// Package certificatemanager declares the resource types of Certificate Manager: DNS authorisations, certificates that
// Google manages, and the certificate maps of load balancers.
package certificatemanager

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// Kinds are the resource types.
func Kinds() []*api.Kind {
	return []*api.Kind{dnsAuthorization(), certificate(), certificateMap(), certificateMapEntry()}
}

// located are the fields of the types that have a location, which here is always global.
func located(fields schema.Fields) schema.Fields {
	fields["location"] = schema.String(schema.Default("global"), schema.ForceNew,
		schema.Only("global", "its certificates are those of global load balancers"))
	return described(fields)
}

func described(fields schema.Fields) schema.Fields {
	fields["description"] = schema.String()
	fields["labels"] = schema.MapOf(schema.String())
	return fields
}

// fillLabels fills in the labels that the provider computes.
func fillLabels(o api.Object) {
	labels, ok := o.At("labels")
	if !ok {
		labels = map[string]any{}
	}
	o["effectiveLabels"], o["pulumiLabels"] = labels, labels
}

// fillTimes fills in the times that Certificate Manager gives in RFC 3339.
func fillTimes(r *api.Record) {
	r.Outputs.Fill("createTime", r.Created.Format(time.RFC3339Nano))
	r.Outputs.Fill("updateTime", r.Created.Format(time.RFC3339Nano))
}

var hostPattern = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// checkHost allows fully qualified names. The real service also knows wildcards.
func checkHost(name string) error {
	if len(name) > 253 || !hostPattern.MatchString(name) || strings.HasSuffix(name, ".") {
		return fmt.Errorf("%q is not a domain name such as www.example.com", name)
	}
	return nil
}
