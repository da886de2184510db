package dns

import (
	"fmt"
	"net/netip"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const recordSetType = "gcp:dns/recordSet:RecordSet"

func recordSet() *api.Kind {
	return &api.Kind{
		Token: recordSetType, Title: "DNS RecordSet", Noun: "record_set", Service: api.DNS,
		Fields: schema.Fields{
			"managedZone": schema.String(schema.Required, schema.ForceNew, schema.Same(schema.SameReference)),
			"name":        schema.String(schema.Required, schema.ForceNew, schema.CheckString(checkAbsolute)),
			"rrdatas":     schema.ListOf(schema.String(), schema.Required, schema.MinItems(1)),
			"ttl":         schema.Int(schema.Between(0, 1<<31-1)),
			"type":        schema.String(schema.Required, schema.OneOf("A", "AAAA", "CNAME")),
		},
		ID: func(at api.Location, in api.Object) string {
			return fmt.Sprintf("projects/%s/managedZones/%s/rrsets/%s/%s", at.Project, api.LastSegment(in.Str("managedZone")),
				in.Str("name"), in.Str("type"))
		},
		// The provider replaces a record that exists, whoever made it.
		Adopts: true,
		Admit:  admitRecordSet,
	}
}

func admitRecordSet(t *api.Tx, r, _ *api.Record) error {
	o := r.Outputs
	zoneName := api.LastSegment(o.Str("managedZone"))
	zone := t.Find(zoneID(api.Location{Project: r.Project}, api.Object{"name": zoneName}))
	if zone == nil {
		return &api.Error{Code: 404, Message: "The 'parameters.managedZone' resource named '" + zoneName + "' does not exist.",
			Reason: "notFound"}
	}
	r.Refs = append(r.Refs, api.Reference{Path: "managedZone", Target: zone.ID})
	name, domain := o.Str("name"), zone.Outputs.Str("dnsName")
	if name != domain && !strings.HasSuffix(name, "."+domain) {
		return invalid("name", name)
	}
	for i, data := range o.Strs("rrdatas") {
		address, err := netip.ParseAddr(data)
		valid := map[string]bool{"A": err == nil && address.Is4(), "AAAA": err == nil && address.Is6(), "CNAME": strings.HasSuffix(data, ".")}
		// The address of a cloud whose user may not listen on port 80 carries a port.
		if host, _, hasPort := strings.Cut(data, ":"); o.Str("type") == "A" && hasPort {
			address, err = netip.ParseAddr(host)
			valid["A"] = err == nil && address.IsLoopback()
		}
		if !valid[o.Str("type")] {
			return invalid(fmt.Sprintf("rrdata[%d]", i), data)
		}
	}
	for _, other := range t.All(recordSetType) {
		if other.ID == r.ID || other.Target("managedZone") != zone.ID || other.Outputs.Str("name") != name {
			continue
		}
		if other.Outputs.Str("type") == "CNAME" || o.Str("type") == "CNAME" {
			return &api.Error{Code: 400, Message: "The resource record set 'entity.change.additions[" + name + "][" + o.Str("type") +
				"]' is invalid because the DNS name '" + name + "' has a resource record set of the type 'CNAME'.",
				Reason: "cnameResourceRecordSetConflict"}
		}
	}
	return nil
}

func invalid(field, value string) error {
	return &api.Error{Code: 400, Message: fmt.Sprintf("Invalid value for 'entity.change.additions.%s': '%s'", field, value), Reason: "invalid"}
}
