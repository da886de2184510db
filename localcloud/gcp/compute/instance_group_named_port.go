package compute

import (
	"fmt"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func instanceGroupNamedPort() *api.Kind {
	return &api.Kind{
		Token: api.NamedPortType, Title: "InstanceGroupNamedPort", Noun: "named_port", Service: api.Compute,
		Scope: api.Zonal, Naming: api.ComputeNames,
		Fields: schema.Fields{
			// Named ports are a property of the group: they do not prevent its deletion, and are deleted with it.
			"group": schema.String(schema.Required, schema.ForceNew, schema.Ref(api.InstanceGroups), schema.KeepForm, schema.Weak),
			"port":  schema.Int(schema.Required, schema.ForceNew, schema.Between(1, 65535)),
		},
		ID: func(at api.Location, in api.Object) string {
			return fmt.Sprintf("%s/%d/%s", api.MemberName(at, api.InstanceGroups, api.LastSegment(in.Str("group"))),
				in.Num("port"), in.Str("name"))
		},
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			if zone := api.ZoneOfReference(r.Target("group")); zone != r.Location {
				return api.Invalid("zone", r.Location, "The instance group is in zone '%s'.", zone)
			}
			return nil
		},
	}
}
