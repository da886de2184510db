package certificatemanager

import (
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const entryType = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"

func certificateMapEntry() *api.Kind {
	return &api.Kind{
		Token: entryType, Title: "CertificateMapEntry", Noun: "certificate_map_entry", Service: api.CertificateManager,
		Naming: api.CertificateNames,
		Fields: described(schema.Fields{
			"certificates": schema.ListOf(schema.String(schema.Ref(api.Certificates), schema.KeepForm), schema.Required,
				schema.MinItems(1), schema.MaxItems(15)),
			"hostname": schema.String(schema.Required, schema.ForceNew, schema.CheckString(checkHost)),
			"map":      schema.String(schema.Required, schema.ForceNew, schema.Ref(api.CertificateMaps), schema.KeepForm),
		}),
		Outputs: []string{"createTime", "effectiveLabels", "pulumiLabels", "state", "updateTime"},
		ID: func(at api.Location, in api.Object) string {
			return api.MemberName(at, api.CertificateMaps, api.LastSegment(in.Str("map"))) + "/certificateMapEntries/" + in.Str("name")
		},
		Admit: func(t *api.Tx, r, _ *api.Record) error {
			for _, other := range t.All(entryType) {
				if other.ID != r.ID && other.Target("map") == r.Target("map") && other.Outputs.Str("hostname") == r.Outputs.Str("hostname") {
					return api.BadRequest("The certificate map already has an entry for the hostname %s: %s.", r.Outputs.Str("hostname"), other.ID)
				}
			}
			r.Outputs.Fill("state", "ACTIVE")
			fillTimes(r)
			fillLabels(r.Outputs)
			return nil
		},
	}
}
