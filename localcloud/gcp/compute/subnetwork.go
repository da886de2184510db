package compute

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func subnetwork() *api.Kind {
	return &api.Kind{
		Token: api.SubnetworkType, Title: "Subnetwork", Noun: "subnetwork", Service: api.Compute, Scope: api.Regional,
		Naming: api.ComputeNames,
		Fields: schema.Fields{
			// A range widens in place; any other change replaces the subnetwork.
			"ipCidrRange": schema.String(schema.Required, SizedRange(4, 29),
				schema.ReplaceIf(func(o, n any) bool { return !contains(n, o) })),
			"network":               schema.String(schema.Required, schema.ForceNew, schema.Ref(api.Networks)),
			"privateIpGoogleAccess": schema.Bool(schema.Computed),
			"secondaryIpRanges": schema.ListOf(schema.ObjectOf(schema.Fields{
				"rangeName":   schema.String(schema.Required, schema.CheckString(api.ComputeNames.Check)),
				"ipCidrRange": schema.String(schema.Required, SizedRange(4, 29)),
			}), schema.Computed, schema.MaxItems(170)),
		},
		Outputs: []string{"creationTimestamp", "fingerprint", "gatewayAddress", "selfLink"},
		ID:      api.MemberID(api.Subnetworks),
		Check:   uniqueRangeNames,
		Admit:   admitSubnetwork,
	}
}

// contains reports whether the range outer contains the range inner.
func contains(outer, inner any) bool {
	o, err1 := ParseRange(outer.(string))
	i, err2 := ParseRange(inner.(string))
	return err1 == nil && err2 == nil && o.Bits() <= i.Bits() && o.Overlaps(i)
}

func uniqueRangeNames(in api.Object) []plugin.CheckFailure {
	seen := map[string]bool{}
	for i, s := range in.Objs("secondaryIpRanges") {
		name := s.Str("rangeName")
		if name != "" && seen[name] {
			return []plugin.CheckFailure{api.Failure(fmt.Sprintf("secondaryIpRanges[%d].rangeName", i),
				"the secondary range name %q is used twice", name)}
		}
		seen[name] = true
	}
	return nil
}

func admitSubnetwork(t *api.Tx, r, old *api.Record) error {
	o := r.Outputs
	used := UsedRanges(t, r.Target("network"))
	cidrs := []string{o.Str("ipCidrRange")}
	for _, s := range o.Objs("secondaryIpRanges") {
		cidrs = append(cidrs, s.Str("ipCidrRange"))
	}
	for _, cidr := range cidrs {
		p, err := ParseRange(cidr)
		if err != nil {
			return api.Invalid("ipCidrRange", cidr, "%v.", err)
		}
		if c := Conflict(p, r.ID, used); c != nil {
			return &api.Error{Code: 400, Message: fmt.Sprintf("Invalid IPCidrRange: %s conflicts with %s.", cidr, c.What),
				Reason: "invalid"}
		}
		used = append(used, UsedRange{p, "", "another range of this subnetwork"})
	}
	if old != nil {
		if err := secondaryRangesStillUsed(t, old, o); err != nil {
			return err
		}
	}
	p, _ := ParseRange(cidrs[0])
	o["gatewayAddress"] = p.Addr().Next().String()
	o.Fill("privateIpGoogleAccess", false)
	o.Fill("secondaryIpRanges", []any{})
	o["fingerprint"] = api.Fingerprint(r.Inputs)
	r.FillPlain()
	return nil
}

// SecondaryRangeInputs are a cluster's inputs that name secondary ranges of its subnetwork.
var SecondaryRangeInputs = []string{"clusterSecondaryRangeName", "servicesSecondaryRangeName"}

// secondaryRangesStillUsed returns an error if an update removes or changes a secondary range that a cluster uses.
func secondaryRangesStillUsed(t *api.Tx, old *api.Record, now api.Object) error {
	before, after := SecondaryRanges(old.Outputs), SecondaryRanges(now)
	for _, c := range t.All(api.ClusterType) {
		if c.Target("subnetwork") != old.ID {
			continue
		}
		for _, input := range SecondaryRangeInputs {
			name := c.Outputs.Str("ipAllocationPolicy." + input)
			if was, had := before[name]; had && was != after[name] {
				return api.InUse("secondary range '"+name+"' of the subnetwork", old.ID, c.ID)
			}
		}
	}
	return nil
}

// SecondaryRanges returns a subnetwork's secondary ranges by name.
func SecondaryRanges(subnetwork api.Object) map[string]string {
	out := map[string]string{}
	for _, s := range subnetwork.Objs("secondaryIpRanges") {
		out[s.Str("rangeName")] = s.Str("ipCidrRange")
	}
	return out
}
