package gcp

import (
	"slices"
	"time"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/certificatemanager"
	"geo-wordpress/localcloud/gcp/compute"
	"geo-wordpress/localcloud/gcp/container"
)

// FrontEnds resolves the current global forwarding rules, ordered by ID.
func (a *API) FrontEnds() ([]cloud.FrontEnd, error) {
	var all []cloud.FrontEnd
	err := a.View(func(t *api.Tx) error {
		services := map[string]*cloud.BackendService{} // by ID: front ends and routes share them
		resolve := func(r *api.Record) *cloud.BackendService {
			if r == nil {
				return nil
			}
			if services[r.ID] == nil {
				services[r.ID] = backendService(t, r)
			}
			return services[r.ID]
		}
		for _, rule := range compute.ForwardingRules(t) {
			front := cloud.FrontEnd{ID: rule.ID, Address: rule.Address, Port: rule.Port, HTTPS: rule.HTTPS,
				Service: resolve(rule.Service), Redirect: rule.Redirect, HostRedirects: rule.HostRedirects, Headers: rule.Headers,
				MinTLS: rule.MinTLS}
			switch {
			case rule.CertificateMap != "":
				front.Hosts, front.Problems = certificatemanager.ByHost(t, rule.CertificateMap)
			case rule.HTTPS:
				front.Problems = []string{"a classic certificate waits for the domain's DNS to lead to the address, which it never does here"}
			}
			for _, route := range rule.Routes {
				front.Routes = append(front.Routes, cloud.Route{Matches: route.Matches, Service: resolve(route.Service)})
			}
			all = append(all, front)
		}
		return nil
	})
	return all, err
}

func seconds(o api.Object, path string) time.Duration {
	return time.Duration(o.Num(path)) * time.Second
}

func backendService(t *api.Tx, r *api.Record) *cloud.BackendService {
	o := r.Outputs
	s := &cloud.BackendService{
		ID: r.ID, PortName: o.Str("portName"), Timeout: seconds(o, "timeoutSec"),
		Draining: seconds(o, "connectionDrainingTimeoutSec"),
		Sticky:   o.Str("sessionAffinity") == "GENERATED_COOKIE", CookieTTL: seconds(o, "affinityCookieTtlSec"),
		StickyByIP: o.Str("sessionAffinity") == "CLIENT_IP", CDN: cdn(o),
	}
	if policy := t.Find(r.Target("securityPolicy")); policy != nil {
		s.Policy = compute.SecurityPolicy(policy)
	}
	if check := t.Find(r.Target("healthChecks")); check != nil {
		s.HealthCheck = healthCheck(check)
	}
	pools := container.PoolsByGroup(t)
	ports := t.All(api.NamedPortType)
	groups := r.Targets("backends")
	for _, backend := range o.Objs("backends") {
		group := groups[slices.IndexFunc(groups, func(g string) bool { return api.SelfLink(g) == backend.Str("group") })]
		s.Backends = append(s.Backends, cloud.Backend{
			Group: group, Zone: api.ZoneOfReference(group), Pool: pools[group], NamedPorts: namedPorts(ports, group),
			RatePerInstance: backend.Float("maxRatePerInstance"), CapacityScaler: backend.Float("capacityScaler"),
		})
	}
	return s
}

// cdn returns what Cloud CDN keeps; nil if it is not enabled.
func cdn(o api.Object) *cloud.CDN {
	if !o.Flag("enableCdn") {
		return nil
	}
	c := &cloud.CDN{Protocol: true, Host: true, Query: true, Stale: seconds(o, "cdnPolicy.serveWhileStale")}
	if key := "cdnPolicy.cacheKeyPolicy"; o.Has(key) {
		c.Protocol, c.Host, c.Query = o.Flag(key+".includeProtocol"), o.Flag(key+".includeHost"), o.Flag(key+".includeQueryString")
		c.Cookies = o.Strs(key + ".includeNamedCookies")
	}
	for _, header := range o.Objs("cdnPolicy.bypassCacheOnRequestHeaders") {
		c.Bypass = append(c.Bypass, header.Str("headerName"))
	}
	return c
}

// namedPorts returns the named ports of an instance group.
func namedPorts(all []*api.Record, group string) map[string][]int {
	named := map[string][]int{}
	for _, p := range all {
		if p.Target("group") == group {
			name := p.Outputs.Str("name")
			named[name] = append(named[name], p.Outputs.Num("port"))
			slices.Sort(named[name])
		}
	}
	return named
}

func healthCheck(r *api.Record) cloud.HealthCheck {
	o := r.Outputs
	return cloud.HealthCheck{
		Interval: seconds(o, "checkIntervalSec"), Timeout: seconds(o, "timeoutSec"),
		HealthyThreshold: o.Num("healthyThreshold"), UnhealthyThreshold: o.Num("unhealthyThreshold"),
		Port: o.Num("httpHealthCheck.port"), Path: o.Str("httpHealthCheck.requestPath"),
	}
}
