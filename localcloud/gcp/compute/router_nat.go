package compute

import (
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const natType = "gcp:compute/routerNat:RouterNat"

func routerNAT() *api.Kind {
	return &api.Kind{
		Token: natType, Title: "RouterNat", Noun: "nat", Service: api.Compute, Scope: api.Regional, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"router": schema.String(schema.Required, schema.ForceNew, schema.Ref(api.Routers), schema.KeepForm),
			"natIpAllocateOption": schema.String(schema.Only("AUTO_ONLY",
				"there are no regional addresses to allocate by hand")),
			"sourceSubnetworkIpRangesToNat": schema.String(schema.Required, schema.Only("LIST_OF_SUBNETWORKS",
				"a NAT names the subnetworks that it serves")),
			"subnetworks": schema.SetOf(schema.ObjectOf(schema.Fields{
				"name": schema.String(schema.Required, schema.Ref(api.Subnetworks)),
				"sourceIpRangesToNats": schema.SetOf(schema.String(schema.Only("ALL_IP_RANGES",
					"a NAT serves all ranges of a subnetwork")), schema.Required, schema.MinItems(1)),
			}), schema.Required, schema.MinItems(1)),
			"logConfig": schema.ObjectOf(schema.Fields{
				"enable": schema.Bool(schema.Required),
				"filter": schema.String(schema.Required, schema.OneOf("ERRORS_ONLY", "TRANSLATIONS_ONLY", "ALL")),
			}),
		},
		ID: func(at api.Location, in api.Object) string {
			return strings.Join([]string{at.Project, at.Region, api.LastSegment(in.Str("router")), in.Str("name")}, "/")
		},
		Admit: admitNAT,
	}
}

func admitNAT(t *api.Tx, r, _ *api.Record) error {
	router := t.Find(r.Target("router"))
	subnetworks := r.Targets("subnetworks")
	for i, id := range subnetworks {
		s := t.Find(id)
		if s.Target("network") != router.Target("network") || s.Location != router.Location {
			return api.Invalid(fmt.Sprintf("nats[0].subnetworks[%d].name", i), api.SelfLink(id),
				"The subnetwork must be in the network and the region of the router.")
		}
	}
	for _, other := range t.All(natType) {
		if other.ID != r.ID && slices.ContainsFunc(other.Targets("subnetworks"),
			func(s string) bool { return slices.Contains(subnetworks, s) }) {
			return api.BadRequest("Subnetwork ranges of NAT '%s' are served by NAT '%s' already", r.Name, other.Name)
		}
	}
	return nil
}

// ServedByNAT returns the IDs of the subnetworks that a NAT serves.
func ServedByNAT(t *api.Tx) map[string]bool {
	served := map[string]bool{}
	for _, r := range t.All(natType) {
		for _, s := range r.Targets("subnetworks") {
			served[s] = true
		}
	}
	return served
}
