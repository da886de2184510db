package gcp

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/schema"
)

const (
	healthCheckType    = "gcp:compute/healthCheck:HealthCheck"
	namedPortType      = "gcp:compute/instanceGroupNamedPort:InstanceGroupNamedPort"
	backendServiceType = "gcp:compute/backendService:BackendService"
)

// probe declares a health check of one protocol.
func probe(extra fields) *schema.Field {
	f := fields{
		"port":     integer(between(1, 65535)),
		"portName": str(checkString(computeNames.check)),
		"portSpecification": str(oneOf("USE_FIXED_PORT", "USE_NAMED_PORT",
			"USE_SERVING_PORT")),
		"proxyHeader": str(preset("NONE"), oneOf("NONE", "PROXY_V1")),
		"response":    str(),
	}
	for name, field := range extra {
		f[name] = field
	}
	return objectOf(f)
}

func httpProbe() *schema.Field {
	return probe(fields{"host": str(), "requestPath": str(preset("/"),
		matches(regexp.MustCompile(`^/`), "a path starts with /"))})
}

var probeKinds = map[string]string{"httpHealthCheck": "HTTP", "httpsHealthCheck": "HTTPS", "tcpHealthCheck": "TCP"}

var _ = register(&kind{
	token: healthCheckType, title: "HealthCheck", noun: "health_check", service: computeAPI, scope: global,
	naming: computeNames,
	fields: fields{
		"checkIntervalSec":   integer(preset(5), between(1, 300)),
		"timeoutSec":         integer(preset(5), between(1, 300)),
		"healthyThreshold":   integer(preset(2), between(1, 10)),
		"unhealthyThreshold": integer(preset(2), between(1, 10)),
		"description":        str(),
		"httpHealthCheck":    httpProbe(),
		"httpsHealthCheck":   httpProbe(),
		"tcpHealthCheck":     probe(fields{"request": str()}),
		"logConfig":          objectOf(fields{"enable": boolean(preset(false))}, computed),
	},
	outputs: []string{"creationTimestamp", "selfLink", "type"},
	id:      memberID(healthChecks),
	check:   checkHealthCheck,
	admit: func(t *txn, r, old *record) error {
		for property, kind := range probeKinds {
			if r.Outputs.has(property) {
				r.Outputs["type"] = kind
			}
		}
		r.Outputs.fill("logConfig", map[string]any{"enable": false})
		return admitPlain(t, r, old)
	},
})

func checkHealthCheck(in object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	given := 0
	for property := range probeKinds {
		if !in.has(property) {
			continue
		}
		given++
		port, named := in.has(property+".port"), in.has(property+".portName")
		switch in.str(property + ".portSpecification") {
		case "USE_SERVING_PORT":
			if port || named {
				failures = append(failures, failure(property, "USE_SERVING_PORT takes neither port nor portName: the "+
					"port is the backend service's"))
			}
		case "USE_NAMED_PORT":
			if !named {
				failures = append(failures, failure(property+".portName", "USE_NAMED_PORT needs portName"))
			}
		}
	}
	if given != 1 {
		failures = append(failures, failure("httpHealthCheck", "one of httpHealthCheck, httpsHealthCheck and "+
			"tcpHealthCheck must be given, and only one: there are %d", given))
	}
	if in.known("timeoutSec") && in.known("checkIntervalSec") && in.num("timeoutSec") > in.num("checkIntervalSec") {
		failures = append(failures, failure("timeoutSec", "timeoutSec (%d) must not be greater than checkIntervalSec "+
			"(%d)", in.num("timeoutSec"), in.num("checkIntervalSec")))
	}
	return failures
}

var _ = register(&kind{
	token: namedPortType, title: "InstanceGroupNamedPort", noun: "named_port", service: computeAPI, scope: zonal,
	naming: computeNames,
	fields: fields{
		// Named ports are a property of the group: they do not prevent its deletion, and are deleted with it.
		"group": str(required, forceNew, ref(instanceGroups), keepForm, weak),
		"port":  integer(required, forceNew, between(1, 65535)),
	},
	id: func(at place, in object) string {
		return fmt.Sprintf("%s/%d/%s", memberName(at, instanceGroups, lastSegment(in.str("group"))), in.num("port"),
			in.str("name"))
	},
	admit: func(_ *txn, r, _ *record) error {
		if zone := zoneOfReference(r.target("group")); zone != r.Place {
			return invalid("zone", r.Place, "The instance group is in zone '%s'.", zone)
		}
		return nil
	},
})

// backendGroup declares one backend.
var backendGroup = objectOf(fields{
	"group":                     str(required, ref(instanceGroups)),
	"balancingMode":             str(preset("UTILIZATION"), oneOf("UTILIZATION", "RATE", "CONNECTION")),
	"capacityScaler":            number(preset(1), between(0, 1)),
	"description":               str(),
	"maxConnections":            integer(between(1, 1<<31)),
	"maxConnectionsPerInstance": integer(between(1, 1<<31)),
	"maxRate":                   integer(between(1, 1<<31)),
	"maxRatePerInstance":        number(between(0, 1<<31)),
	"maxUtilization":            number(between(0, 1)),
})

var _ = register(&kind{
	token: backendServiceType, title: "BackendService", noun: "backend_service", service: computeAPI, scope: global,
	naming: computeNames,
	fields: fields{
		"affinityCookieTtlSec":         integer(between(0, 1209600)),
		"backends":                     setOf(backendGroup),
		"compressionMode":              str(oneOf("AUTOMATIC", "DISABLED")),
		"connectionDrainingTimeoutSec": integer(preset(300), between(0, 3600)),
		"customRequestHeaders":         setOf(str()),
		"customResponseHeaders":        setOf(str()),
		"description":                  str(),
		"enableCdn":                    boolean(),
		"cdnPolicy": objectOf(fields{
			"cacheMode": str(computed, oneOf("USE_ORIGIN_HEADERS", "FORCE_CACHE_ALL",
				"CACHE_ALL_STATIC")),
			"clientTtl": integer(computed, between(0, 86400)), "defaultTtl": integer(computed, between(0, 31622400)),
			"maxTtl": integer(computed, between(0, 31622400)), "negativeCaching": boolean(computed),
			"serveWhileStale": integer(computed, between(0, 604800)),
		}, computed),
		"healthChecks":        str(ref(healthChecks)),
		"loadBalancingScheme": str(preset("EXTERNAL"), forceNew, oneOf("EXTERNAL", "EXTERNAL_MANAGED")),
		"localityLbPolicy": str(oneOf("ROUND_ROBIN", "LEAST_REQUEST", "RING_HASH", "RANDOM",
			"ORIGINAL_DESTINATION", "MAGLEV")),
		"logConfig": objectOf(fields{"enable": boolean(), "sampleRate": number(between(0, 1))}, computed),
		"portName":  str(computed, checkString(computeNames.check)),
		"protocol":  str(computed, oneOf("HTTP", "HTTPS", "HTTP2")),
		"sessionAffinity": str(computed, oneOf("NONE", "CLIENT_IP", "GENERATED_COOKIE", "HEADER_FIELD",
			"HTTP_COOKIE")),
		"timeoutSec": integer(computed, between(1, 2147483647)),
	},
	outputs: []string{"creationTimestamp", "fingerprint", "generatedId", "selfLink"},
	id:      memberID(backendServices),
	check:   checkBackendService,
	admit:   admitBackendService,
})

func checkBackendService(in object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	if len(in.list("backends")) > 0 && !in.has("healthChecks") {
		failures = append(failures, failure("healthChecks", "a backend service over instance groups needs a health check"))
	}
	if in.num("affinityCookieTtlSec") > 0 && in.known("sessionAffinity") &&
		in.str("sessionAffinity") != "GENERATED_COOKIE" {
		failures = append(failures, failure("affinityCookieTtlSec", "only the session affinity GENERATED_COOKIE has a "+
			"cookie with a lifetime"))
	}
	limits := map[string][]string{
		"RATE":       {"maxRate", "maxRatePerInstance"},
		"CONNECTION": {"maxConnections", "maxConnectionsPerInstance"},
	}
	for i, b := range in.objs("backends") {
		mode := b.str("balancingMode")
		some := false
		for _, limit := range limits[mode] {
			some = some || b.has(limit)
		}
		if need := limits[mode]; need != nil && !some {
			failures = append(failures, failure(fmt.Sprintf("backends[%d].balancingMode", i),
				"the balancing mode %s needs one of %s", mode, strings.Join(need, ", ")))
		}
		if mode == "RATE" && b.has("maxUtilization") {
			failures = append(failures, failure(fmt.Sprintf("backends[%d].maxUtilization", i),
				"the balancing mode RATE takes no maxUtilization"))
		}
		if mode == "CONNECTION" {
			failures = append(failures, failure(fmt.Sprintf("backends[%d].balancingMode", i),
				"the protocols HTTP, HTTPS and HTTP2 balance by UTILIZATION or RATE, not by CONNECTION"))
		}
	}
	return failures
}

func admitBackendService(t *txn, r, old *record) error {
	seen := map[string]bool{}
	for i, group := range r.targets("backends") {
		if seen[group] {
			return invalid(fmt.Sprintf("backends[%d].group", i), selfLink(group), "Duplicate instance groups.")
		}
		seen[group] = true
	}
	o := r.Outputs
	o.fill("portName", "http")
	o.fill("protocol", "HTTP")
	o.fill("sessionAffinity", "NONE")
	o.fill("timeoutSec", 30.0)
	o.fill("backends", []any{})
	o.fill("logConfig", map[string]any{"enable": false})
	o["fingerprint"] = fingerprint(r.Inputs)
	o.fill("generatedId", numericID())
	return admitPlain(t, r, old)
}
