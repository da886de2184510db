package dns

import (
	"fmt"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const zoneType = "gcp:dns/managedZone:ManagedZone"

// managedZone is a public zone. The program makes none: it writes into one that exists.
func managedZone() *api.Kind {
	return &api.Kind{
		Token: zoneType, Title: "ManagedZone", Noun: "managed_zone", Service: api.DNS, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"dnsName": schema.String(schema.Required, schema.ForceNew, schema.CheckString(checkAbsolute)),
			"visibility": schema.String(schema.Default("public"), schema.ForceNew, schema.Only("public",
				"its private zones are those of GKE")),
		},
		Outputs: []string{"nameServers"},
		ID:      zoneID,
		Exists:  func(existing *api.Record, _ api.Location) error { return alreadyExists(existing.Name) },
		Guard: func(t *api.Tx, r *api.Record) error {
			for _, record := range t.All(recordSetType) {
				if record.Target("managedZone") == r.ID {
					return &api.Error{Code: 400, Message: "The resource named '" + r.Name + "' cannot be deleted because it contains " +
						"one or more 'resource records'.", Reason: "containerNotEmpty"}
				}
			}
			return nil
		},
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			r.Outputs.Fill("nameServers", []any{"ns-cloud-a1.googledomains.com.", "ns-cloud-a2.googledomains.com."})
			return nil
		},
	}
}

func zoneID(at api.Location, in api.Object) string {
	return fmt.Sprintf("projects/%s/managedZones/%s", at.Project, in.Str("name"))
}

func alreadyExists(zone string) error {
	return &api.Error{Code: 409, Message: "The resource 'entity.managedZone' named '" + zone + "' already exists", Reason: "alreadyExists"}
}

func checkAbsolute(name string) error {
	if !strings.HasSuffix(name, ".") {
		//lint:ignore ST1005 Google's words
		return fmt.Errorf("%q doesn't end with %q, name field must end with trailing dot, for example test.example.com.", name, ".")
	}
	return nil
}
