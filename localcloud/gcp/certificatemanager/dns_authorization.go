package certificatemanager

import (
	"fmt"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const authorizationType = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"

func dnsAuthorization() *api.Kind {
	return &api.Kind{
		Token: authorizationType, Title: "DnsAuthorization", Noun: "dns_authorization",
		Service: api.CertificateManager, Naming: api.CertificateNames,
		Fields: located(schema.Fields{
			"domain": schema.String(schema.Required, schema.ForceNew, schema.CheckString(checkHost)),
			"type": schema.String(schema.Computed, schema.ForceNew, schema.Only("FIXED_RECORD",
				"it has one record for each domain")),
		}),
		Outputs: []string{"dnsResourceRecords", "effectiveLabels", "pulumiLabels"},
		ID:      api.MemberID(api.DNSAuthorizations),
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			o := r.Outputs
			// The data has the form of Google's: a name that only this authorisation has.
			o.Fill("dnsResourceRecords", []any{map[string]any{
				"name": "_acme-challenge." + o.Str("domain") + ".",
				"type": "CNAME",
				"data": fmt.Sprintf("%s-%s-%s-%s-%s.%s.authorize.certificatemanager.goog.", api.HexDigits(8), api.HexDigits(4),
					api.HexDigits(4), api.HexDigits(4), api.HexDigits(12), api.Digits(1)),
			}})
			o.Fill("type", "FIXED_RECORD")
			fillLabels(o)
			return nil
		},
	}
}
