package compute

import (
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func network() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/network:Network", Title: "Network", Noun: "network", Service: api.Compute,
		Naming: api.ComputeNames,
		Fields: schema.Fields{
			"autoCreateSubnetworks": schema.Bool(schema.ForceNew, schema.Default(true)),
			"description":           schema.String(schema.ForceNew),
			"routingMode":           schema.String(schema.Computed, schema.OneOf("REGIONAL", "GLOBAL")),
		},
		Outputs: []string{"numericId", "selfLink"},
		ID:      api.MemberID(api.Networks),
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			r.Outputs.Fill("routingMode", "REGIONAL")
			r.Outputs.Fill("numericId", api.Digits(19))
			r.Outputs.Fill("selfLink", api.SelfLink(r.ID))
			return nil
		},
	}
}
