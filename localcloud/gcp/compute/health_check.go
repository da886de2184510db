package compute

import (
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func healthCheck() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/healthCheck:HealthCheck", Title: "HealthCheck", Noun: "health_check", Service: api.Compute,
		Naming: api.ComputeNames,
		Fields: schema.Fields{
			"checkIntervalSec":   schema.Int(schema.Default(5), schema.Between(1, 300)),
			"timeoutSec":         schema.Int(schema.Default(5), schema.Between(1, 300)),
			"healthyThreshold":   schema.Int(schema.Default(2), schema.Between(1, 10)),
			"unhealthyThreshold": schema.Int(schema.Default(2), schema.Between(1, 10)),
			"httpHealthCheck": schema.ObjectOf(schema.Fields{
				"port": schema.Int(schema.Required, schema.Between(1, 65535)),
				"portSpecification": schema.String(schema.Only("USE_FIXED_PORT",
					"a health check names its port")),
				"requestPath": schema.String(schema.Default("/"),
					schema.Matches(regexp.MustCompile(`^/`), "a path starts with /")),
			}, schema.Required),
			"logConfig": schema.ObjectOf(schema.Fields{"enable": schema.Bool(schema.Default(false))}, schema.Computed),
		},
		Outputs: []string{"creationTimestamp", "selfLink", "type"},
		ID:      api.MemberID(api.HealthChecks),
		Check: func(in api.Object) []plugin.CheckFailure {
			if in.Known("timeoutSec") && in.Known("checkIntervalSec") && in.Num("timeoutSec") > in.Num("checkIntervalSec") {
				return []plugin.CheckFailure{api.Failure("timeoutSec", "timeoutSec (%d) must not be greater than "+
					"checkIntervalSec (%d)", in.Num("timeoutSec"), in.Num("checkIntervalSec"))}
			}
			return nil
		},
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			r.Outputs["type"] = "HTTP"
			r.Outputs.Fill("logConfig", map[string]any{"enable": false})
			r.FillPlain()
			return nil
		},
	}
}
