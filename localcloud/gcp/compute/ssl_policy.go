package compute

import (
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func sslPolicy() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/sSLPolicy:SSLPolicy", Title: "SslPolicy", Noun: "ssl_policy", Service: api.Compute,
		Naming: api.ComputeNames,
		Fields: schema.Fields{
			"description":   schema.String(schema.ForceNew),
			"minTlsVersion": schema.String(schema.Default("TLS_1_0"), schema.OneOf("TLS_1_0", "TLS_1_1", "TLS_1_2")),
			// A profile CUSTOM would need a list of ciphers.
			"profile": schema.String(schema.Default("COMPATIBLE"), schema.OneOf("COMPATIBLE", "MODERN", "RESTRICTED")),
		},
		Outputs: []string{"creationTimestamp", "enabledFeatures", "fingerprint", "selfLink"},
		ID:      api.MemberID(api.SSLPolicies),
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			r.Outputs.Fill("enabledFeatures", []any{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"})
			r.Outputs["fingerprint"] = api.Fingerprint(r.Inputs)
			r.FillPlain()
			return nil
		},
	}
}
