package gcp

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

func TestFrontEndsAreResolved(t *testing.T) {
	s := build(t, "")
	fronts, err := s.api.FrontEnds()
	require.NoError(t, err)
	require.Len(t, fronts, 1)
	f := fronts[0]
	assert.Equal(t, s.ids["rule"], f.ID)
	assert.Equal(t, s.out("address", "address"), f.Address)
	assert.Equal(t, 80, f.Port)
	assert.False(t, f.HTTPS)
	service := f.Service
	require.NotNil(t, service)
	pool := s.hardware.pool(s.ids["pool"])
	assert.Equal(t, &cloud.BackendService{
		ID: s.ids["backend"], PortName: "http", Timeout: 30 * time.Second, Draining: 300 * time.Second,
		HealthCheck: cloud.HealthCheck{Interval: 5 * time.Second, Timeout: 5 * time.Second, HealthyThreshold: 2,
			UnhealthyThreshold: 2, Port: 30081, Path: "/healthz.php"},
		Backends: []cloud.Backend{{
			Group: "projects/" + project + "/zones/" + zone + "/instanceGroups/" + pool.InstanceGroup, Zone: zone, Pool: pool.ID,
			NamedPorts: map[string][]int{"http": {30080}}, RatePerInstance: 100, CapacityScaler: 1,
		}},
		Policy: &cloud.SecurityPolicy{Rules: []cloud.SecurityRule{{Priority: 2147483647, Ranges: everybody}}},
	}, service)
	assert.Len(t, s.hardware.Instances(service.Backends[0].Pool), 2)
}

func TestChangesOfTheLoadBalancerShowAtOnce(t *testing.T) {
	s := build(t, "")
	update := func(name, token string, changes props) {
		t.Helper()
		in, failures := s.check(token, name, s.inputs[name], s.with(name, changes))
		require.Empty(t, failures)
		changed := s.api.Changed()
		_, err := s.engine.update(token, name, s.ids[name], s.inputs[name], in)
		require.NoError(t, err)
		select {
		case <-changed:
		default:
			t.Fatalf("%s changed, and nobody was told", name)
		}
		s.inputs[name] = in
	}
	service := func() *cloud.BackendService {
		t.Helper()
		fronts, err := s.api.FrontEnds()
		require.NoError(t, err)
		return fronts[0].Service
	}
	update("check", healthCheckType, props{"httpHealthCheck": props{"port": 8080, "requestPath": "/x"}})
	check := service().HealthCheck
	assert.Equal(t, []any{8080, "/x"}, []any{check.Port, check.Path})
	update("backend", backendServiceType, props{"portName": "other", "timeoutSec": 7, "sessionAffinity": "GENERATED_COOKIE",
		"affinityCookieTtlSec": 60, "connectionDrainingTimeoutSec": 5,
		"backends": []any{props{"group": s.group(), "balancingMode": "RATE", "maxRatePerInstance": 5, "capacityScaler": 0.25}}})
	b := service()
	assert.Equal(t, []any{"other", 7 * time.Second, true, time.Minute, 5 * time.Second},
		[]any{b.PortName, b.Timeout, b.Sticky, b.CookieTTL, b.Draining})
	assert.Equal(t, []any{5.0, 0.25}, []any{b.Backends[0].RatePerInstance, b.Backends[0].CapacityScaler})

	assert.Nil(t, b.CDN)
	update("backend", backendServiceType, props{"sessionAffinity": "CLIENT_IP", "affinityCookieTtlSec": nil, "enableCdn": true,
		"cdnPolicy": props{"cacheMode": "USE_ORIGIN_HEADERS", "cacheKeyPolicy": props{"includeHost": true, "includeQueryString": true,
			"includeNamedCookies": []any{"a", "b"}}, "bypassCacheOnRequestHeaders": []any{props{"headerName": "Authorization"}}}})
	b = service()
	assert.True(t, b.StickyByIP)
	assert.Equal(t, &cloud.CDN{Host: true, Query: true, Cookies: []string{"a", "b"}, Bypass: []string{"Authorization"},
		Stale: 24 * time.Hour}, b.CDN)
	update("backend", backendServiceType, props{"enableCdn": nil, "cdnPolicy": nil})
	assert.Nil(t, service().CDN)

	require.NoError(t, s.delete(api.NamedPortType, "port", s.ids["port"]))
	assert.Empty(t, service().Backends[0].NamedPorts)
	require.NoError(t, s.delete(httpsProxyType, "https-proxy", s.ids["https-proxy"]), "what is HTTPS must not redirect to it")
	update("map", urlMapType, props{"defaultService": nil, "defaultUrlRedirect": props{"httpsRedirect": true, "stripQuery": false}})
	fronts, err := s.api.FrontEnds()
	require.NoError(t, err)
	assert.Nil(t, fronts[0].Service)
	assert.Equal(t, &cloud.Redirect{HTTPS: true}, fronts[0].Redirect)
	require.NoError(t, s.delete(forwardingRuleType, "rule", s.ids["rule"]))
	fronts, err = s.api.FrontEnds()
	require.NoError(t, err)
	assert.Empty(t, fronts)
}

// Where the process may not listen on port 80, the address carries another port, and the forwarding rule accepts it.
func TestAnAddressMayCarryAPort(t *testing.T) {
	s := build(t, "rule")
	require.NoError(t, s.api.Transact(func(tx *api.Tx) error {
		r := tx.Find(s.ids["address"])
		r.Outputs["address"] = "127.77.0.1:20080"
		return tx.Save(r)
	}))
	s.outputs["address"]["address"] = resource.NewStringProperty("127.77.0.1:20080")
	require.NoError(t, s.make(stepNamed("rule")))
	fronts, err := s.api.FrontEnds()
	require.NoError(t, err)
	assert.Equal(t, "127.77.0.1:20080", fronts[0].Address)
	require.Error(t, s.delete(addressType, "address", s.ids["address"]), "the rule uses it")
}

// A preview after an update with Cloud CDN finds nothing to change; turning it off changes the switch.
func TestTheCDNStaysAsDeclared(t *testing.T) {
	s := build(t, "backend")
	in := resource.NewPropertyMapFromMap(stepNamed("backend").inputs(s))
	plain := in.Copy()
	in["enableCdn"] = resource.NewBoolProperty(true)
	in["cdnPolicy"] = resource.NewPropertyValue(props{"cacheMode": "USE_ORIGIN_HEADERS", "serveWhileStale": 36000,
		"negativeCaching": false, "bypassCacheOnRequestHeaders": []any{props{"headerName": "Authorization"}},
		"cacheKeyPolicy": props{"includeHost": true, "includeProtocol": true, "includeQueryString": true, "includeNamedCookies": []any{"a"}}})
	in, failures := s.check(backendServiceType, "backend", nil, in)
	require.Empty(t, failures)
	id, out, err := s.engine.create(backendServiceType, "backend", in)
	require.NoError(t, err)
	assert.Empty(t, s.diff(backendServiceType, "backend", id, in, in, out).DetailedDiff)
	plain, failures = s.check(backendServiceType, "backend", in, plain)
	require.Empty(t, failures)
	off := s.diff(backendServiceType, "backend", id, in, plain, out)
	assert.Len(t, off.DetailedDiff, 1)
	assert.Contains(t, off.DetailedDiff, "enableCdn")
	assert.Empty(t, off.Replaces)
}
