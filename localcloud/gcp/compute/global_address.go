package compute

import (
	"fmt"
	"net/netip"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
	"geo-wordpress/localcloud/ports"
)

const addressType = "gcp:compute/globalAddress:GlobalAddress"

func globalAddress() *api.Kind {
	return &api.Kind{
		Token: addressType, Title: "GlobalAddress", Noun: "address", Service: api.Compute, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"description": schema.String(schema.ForceNew),
			"ipVersion":   schema.String(schema.ForceNew, schema.OneOf("IPV4", "IPV6")),
		},
		Outputs: []string{"address", "creationTimestamp", "selfLink"},
		ID:      api.MemberID("addresses"),
		Admit: func(t *api.Tx, r, _ *api.Record) error {
			if !r.Outputs.Has("address") && r.Outputs.Str("ipVersion") == "IPV6" {
				// In the range for documentation: the loopback interface has no IPv6 addresses to draw from, so nothing
				// answers there.
				r.Outputs["address"] = fmt.Sprintf("2001:db8:%s:%s::", api.HexDigits(4), api.HexDigits(4))
			}
			if !r.Outputs.Has("address") {
				address, err := freeAddress(t)
				if err != nil {
					return err
				}
				r.Outputs["address"] = address
			}
			r.FillPlain()
			return nil
		},
	}
}

// freeAddress draws an unused loopback address from 127.64.0.0 up. It stands for a public address: only this machine
// can reach it, and another checkout's cloud is unlikely to have drawn it. Where this process may not listen on port
// 80, the address carries another port.
func freeAddress(t *api.Tx) (string, error) {
	taken := map[string]bool{}
	for _, r := range t.All(addressType) {
		taken[r.Outputs.Str("address")] = true
	}
	for {
		n := uint32(api.NumericID()) % (192 << 16)
		a := netip.AddrFrom4([4]byte{127, byte(64 + n>>16), byte(n >> 8), byte(n)})
		if last := a.As4()[3]; last != 0 && last != 255 && !taken[a.String()] {
			return ports.Site(a)
		}
	}
}
