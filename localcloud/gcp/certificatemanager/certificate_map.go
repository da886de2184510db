package certificatemanager

import (
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func certificateMap() *api.Kind {
	return &api.Kind{
		Token: "gcp:certificatemanager/certificateMap:CertificateMap", Title: "CertificateMap", Noun: "certificate_map",
		Service: api.CertificateManager, Naming: api.CertificateNames,
		Fields: described(schema.Fields{}),
		// Google also returns gclbTargets, the proxies that use the map. The program does not know them as inputs.
		Outputs: []string{"createTime", "effectiveLabels", "gclbTargets", "pulumiLabels", "updateTime"},
		ID:      api.MemberID(api.CertificateMaps),
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			r.Outputs.Fill("gclbTargets", []any{})
			fillTimes(r)
			fillLabels(r.Outputs)
			return nil
		},
	}
}
