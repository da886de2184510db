package compute

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// managed is the scheme of the global external Application Load Balancer.
var managed = schema.Only("EXTERNAL_MANAGED", "its load balancers are global external Application Load Balancers")

func backendService() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/backendService:BackendService", Title: "BackendService", Noun: "backend_service",
		Service: api.Compute, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"affinityCookieTtlSec": schema.Int(schema.Between(0, 1209600)),
			"backends": schema.SetOf(schema.ObjectOf(schema.Fields{
				"group": schema.String(schema.Required, schema.Ref(api.InstanceGroups)),
				"balancingMode": schema.String(schema.Required, schema.Only("RATE",
					"the load of simulated machines cannot be measured")),
				"capacityScaler":     schema.Number(schema.Default(1), schema.Between(0, 1)),
				"maxRatePerInstance": schema.Number(schema.Required, schema.Between(0, 1<<31)),
			})),
			"cdnPolicy":                    cdnPolicy(),
			"connectionDrainingTimeoutSec": schema.Int(schema.Default(300), schema.Between(0, 3600)),
			"description":                  schema.String(),
			"enableCdn":                    schema.Bool(),
			"healthChecks":                 schema.String(schema.Required, schema.Ref(api.HealthChecks)),
			"loadBalancingScheme":          schema.String(schema.Required, schema.ForceNew, managed),
			"logConfig": schema.ObjectOf(schema.Fields{
				"enable": schema.Bool(), "sampleRate": schema.Number(schema.Between(0, 1)),
			}, schema.Computed),
			"portName": schema.String(schema.Computed, schema.CheckString(api.ComputeNames.Check)),
			"protocol": schema.String(schema.Computed, schema.Only("HTTP", "its machines speak no other protocol")),
			// Not computed: its removal is a change, for which the provider calls setSecurityPolicy with none.
			"securityPolicy":  schema.String(schema.Ref(api.SecurityPolicies)),
			"sessionAffinity": schema.String(schema.Computed, schema.OneOf("NONE", "GENERATED_COOKIE", "CLIENT_IP")),
			"timeoutSec":      schema.Int(schema.Computed, schema.Between(1, 2147483647)),
		},
		Outputs: []string{"creationTimestamp", "fingerprint", "selfLink"},
		ID:      api.MemberID(api.BackendServices),
		Check: func(in api.Object) []plugin.CheckFailure {
			if in.Num("affinityCookieTtlSec") > 0 && in.Known("sessionAffinity") &&
				in.Str("sessionAffinity") != "GENERATED_COOKIE" {
				return []plugin.CheckFailure{api.Failure("affinityCookieTtlSec", "only the session affinity "+
					"GENERATED_COOKIE has a cookie with a lifetime")}
			}
			return checkCDN(in)
		},
		Admit: admitBackendService,
	}
}

func admitBackendService(_ *api.Tx, r, _ *api.Record) error {
	seen := map[string]bool{}
	for i, group := range r.Targets("backends") {
		if seen[group] {
			return api.Invalid(fmt.Sprintf("backends[%d].group", i), api.SelfLink(group), "Duplicate instance groups.")
		}
		seen[group] = true
	}
	o := r.Outputs
	o.Fill("portName", "http")
	o.Fill("protocol", "HTTP")
	o.Fill("sessionAffinity", "NONE")
	o.Fill("timeoutSec", 30.0)
	o.Fill("backends", []any{})
	o.Fill("logConfig", map[string]any{"enable": false})
	if o.Flag("enableCdn") { // Google's defaults
		o.Fill("cdnPolicy.negativeCaching", false)
		o.Fill("cdnPolicy.serveWhileStale", 86400.0)
	}
	o["fingerprint"] = api.Fingerprint(r.Inputs)
	r.FillPlain()
	return nil
}
