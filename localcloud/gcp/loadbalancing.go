package gcp

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"geo-wordpress/localcloud/cloud"
)

// FrontEnds resolves the current global forwarding rules, ordered by ID.
func (a *API) FrontEnds() ([]cloud.FrontEnd, error) {
	var all []cloud.FrontEnd
	err := a.view(func(t *txn) error {
		rules, err := t.all(forwardingRuleType)
		if err != nil {
			return err
		}
		b := balancing{txn: t, services: map[string]*cloud.BackendService{}}
		for _, r := range rules {
			front, err := b.frontEnd(r)
			if err != nil {
				return err
			}
			all = append(all, front)
		}
		return nil
	})
	return all, err
}

// Changed returns a channel that is closed at the next change of the store.
func (a *API) Changed() <-chan struct{} { return a.facts.next() }

// balancing resolves load balancers within one transaction.
type balancing struct {
	*txn
	services map[string]*cloud.BackendService // by ID: rules share them
}

func (b *balancing) frontEnd(r *record) (cloud.FrontEnd, error) {
	o := r.Outputs
	port, _, _ := parsePorts(o.str("portRange")) // it was checked
	front := cloud.FrontEnd{ID: r.ID, Address: o.str("ipAddress"), Port: port,
		Managed: o.str("loadBalancingScheme") == "EXTERNAL_MANAGED"}
	proxy, err := b.get(r.target("target"))
	if err != nil || proxy == nil {
		return front, err
	}
	front.HTTPS = proxy.Type == httpsProxyType
	for _, id := range proxy.targets("sslCertificates") {
		certificate, err := b.get(id)
		if err != nil || certificate == nil {
			return front, err
		}
		front.Domains = append(front.Domains, certificate.Outputs.strs("managed.domains")...)
	}
	urlMap, err := b.get(proxy.target("urlMap"))
	if err != nil || urlMap == nil {
		return front, err
	}
	front.URLMap, err = b.urlMap(urlMap)
	return front, err
}

func (b *balancing) urlMap(r *record) (cloud.URLMap, error) {
	m := cloud.URLMap{ID: r.ID}
	var err error
	if m.Default, err = b.route(r.Outputs, "defaultService", "defaultUrlRedirect"); err != nil {
		return m, err
	}
	matchers := map[string]cloud.HostRule{}
	for _, matcher := range r.Outputs.objs("pathMatchers") {
		var rule cloud.HostRule
		if rule.Default, err = b.route(matcher, "defaultService", "defaultUrlRedirect"); err != nil {
			return m, err
		}
		for _, path := range matcher.objs("pathRules") {
			route, err := b.route(path, "service", "urlRedirect")
			if err != nil {
				return m, err
			}
			rule.Paths = append(rule.Paths, cloud.PathRule{Paths: path.strs("paths"), Route: route})
		}
		matchers[matcher.str("name")] = rule
	}
	for _, host := range r.Outputs.objs("hostRules") {
		rule := matchers[host.str("pathMatcher")]
		rule.Hosts = host.strs("hosts")
		m.Hosts = append(m.Hosts, rule)
	}
	return m, nil
}

// redirectCodes maps Google's names of redirects to HTTP status codes.
var redirectCodes = map[string]int{
	"FOUND": http.StatusFound, "MOVED_PERMANENTLY_DEFAULT": http.StatusMovedPermanently, "SEE_OTHER": http.StatusSeeOther,
	"TEMPORARY_REDIRECT": http.StatusTemporaryRedirect, "PERMANENT_REDIRECT": http.StatusPermanentRedirect,
}

func (b *balancing) route(o object, service, redirect string) (cloud.Route, error) {
	if o.has(redirect) {
		at := func(name string) string { return redirect + "." + name }
		return cloud.Route{Redirect: &cloud.Redirect{
			HTTPS: o.flag(at("httpsRedirect")), Host: o.str(at("hostRedirect")), Path: o.str(at("pathRedirect")),
			Prefix: o.str(at("prefixRedirect")), StripQuery: o.flag(at("stripQuery")),
			Status: cmp.Or(redirectCodes[o.str(at("redirectResponseCode"))], http.StatusMovedPermanently),
		}}, nil
	}
	link := o.str(service)
	id := link[strings.Index(link, "projects/"):] // a reference is stored as a self link
	if known := b.services[id]; known != nil {
		return cloud.Route{Service: known}, nil
	}
	r, err := b.get(id)
	if err != nil || r == nil {
		return cloud.Route{}, err
	}
	s, err := b.service(r)
	b.services[id] = s
	return cloud.Route{Service: s}, err
}

func seconds(o object, path string) time.Duration {
	return time.Duration(o.num(path)) * time.Second
}

func (b *balancing) service(r *record) (*cloud.BackendService, error) {
	o := r.Outputs
	s := &cloud.BackendService{
		ID: r.ID, Managed: o.str("loadBalancingScheme") == "EXTERNAL_MANAGED", Protocol: o.str("protocol"),
		PortName: o.str("portName"), Timeout: seconds(o, "timeoutSec"), Draining: seconds(o, "connectionDrainingTimeoutSec"),
		Affinity: o.str("sessionAffinity"), CookieTTL: seconds(o, "affinityCookieTtlSec"),
		RequestHeaders: o.strs("customRequestHeaders"), ResponseHeaders: o.strs("customResponseHeaders"),
	}
	check, err := b.get(r.target("healthChecks"))
	if err != nil {
		return nil, err
	}
	if check != nil {
		s.HealthCheck = healthCheck(check)
	}
	pools, err := b.poolsByGroup()
	if err != nil {
		return nil, err
	}
	ports, err := b.all(namedPortType)
	if err != nil {
		return nil, err
	}
	for _, backend := range o.objs("backends") {
		link := backend.str("group")
		group := link[strings.Index(link, "projects/"):]
		s.Backends = append(s.Backends, cloud.Backend{
			Group: group, Zone: zoneOfReference(group), Pool: pools[group], NamedPorts: namedPorts(ports, group),
			Mode: backend.str("balancingMode"), Rate: backend.float("maxRate"), RatePerInstance: backend.float("maxRatePerInstance"),
			MaxUtilization: backend.float("maxUtilization"), CapacityScaler: backend.float("capacityScaler"),
		})
	}
	return s, nil
}

// poolsByGroup maps each instance group to the ID under which the machines know its members.
func (b *balancing) poolsByGroup() (map[string]string, error) {
	pools, err := b.all(nodePoolType)
	byGroup := map[string]string{}
	for _, p := range pools {
		for _, held := range p.Holds {
			if segmentAfter(held, instanceGroups) != "" {
				byGroup[held] = machinesID(p, zoneOfReference(held))
			}
		}
	}
	return byGroup, err
}

// namedPorts returns the named ports of an instance group.
func namedPorts(all []*record, group string) map[string][]int {
	named := map[string][]int{}
	for _, p := range all {
		if p.target("group") == group {
			name := p.Outputs.str("name")
			named[name] = append(named[name], p.Outputs.num("port"))
			slices.Sort(named[name])
		}
	}
	return named
}

func healthCheck(r *record) cloud.HealthCheck {
	o := r.Outputs
	c := cloud.HealthCheck{
		ID: r.ID, Protocol: o.str("type"), Interval: seconds(o, "checkIntervalSec"), Timeout: seconds(o, "timeoutSec"),
		HealthyThreshold: o.num("healthyThreshold"), UnhealthyThreshold: o.num("unhealthyThreshold"),
	}
	for property, kind := range probeKinds {
		if kind != c.Protocol {
			continue
		}
		at := func(name string) string { return property + "." + name }
		c.PortSpecification, c.Port, c.PortName = o.str(at("portSpecification")), o.num(at("port")), o.str(at("portName"))
		c.Host, c.Path, c.Response, c.ProxyHeader = o.str(at("host")), o.str(at("requestPath")), o.str(at("response")), o.str(at("proxyHeader"))
	}
	// Google's defaults: a given port is fixed and precedes a name; without either, the protocol's default port.
	if c.PortSpecification == "" {
		c.PortSpecification = "USE_FIXED_PORT"
		if c.Port == 0 && c.PortName != "" {
			c.PortSpecification = "USE_NAMED_PORT"
		}
	}
	if c.PortSpecification == "USE_FIXED_PORT" && c.Port == 0 {
		c.Port = map[string]int{"HTTPS": 443}[c.Protocol]
		c.Port = cmp.Or(c.Port, 80)
	}
	return c
}
