package cloud

import (
	"net/netip"
	"time"
)

// FrontEnd is a global forwarding rule of a global external Application Load Balancer, with everything declared behind
// it.
type FrontEnd struct {
	// ID is the rule's resource name.
	ID string
	// Address is the IP address, followed by :port if this machine does not permit listening on the rule's own port.
	Address string
	Port    int
	HTTPS   bool
	// Routes are the URL map's route rules in the order of their priority: the first that matches a request names its
	// service. Service answers all other requests, or Redirect redirects them. None of them is set while the resources
	// behind the rule are missing. HostRedirects redirect the requests for single hosts, before all these.
	Routes        []Route
	Service       *BackendService
	Redirect      *Redirect
	HostRedirects map[string]Redirect
	// Headers are set in every answer of a service.
	Headers map[string]string
	// Hosts have an issued certificate. MinTLS is the least version of TLS, in the form TLS_1_2. Problems are why other hosts
	// have no certificate.
	Hosts    []string
	MinTLS   string
	Problems []string
}

// Redirect is a permanent redirect to the same path and query, over HTTPS or as the request came, at another host or the
// request's.
type Redirect struct {
	HTTPS bool
	Host  string // empty for the request's
}

// Route is a route rule. It matches a request if one of its match rules does.
type Route struct {
	Matches []Match
	Service *BackendService // nil while it is missing
}

// Match is a match rule. It matches a request if all that it states holds.
type Match struct {
	// Path is the request's path, or the path's beginning if Prefix is set.
	Path    string
	Prefix  bool
	Methods []MethodMatch
	// Parameters are names that the query must have.
	Parameters []string
}

// MethodMatch matches a request with the method, or with any other method if Not is set.
type MethodMatch struct {
	Method string
	Not    bool
}

// BackendService is a global backend service.
type BackendService struct {
	ID       string
	PortName string
	// Timeout bounds a request, from its sending to the end of the answer.
	Timeout time.Duration
	// Draining is how long requests may continue on an instance that leaves.
	Draining time.Duration
	// Sticky keeps a client on an instance by a cookie.
	Sticky    bool
	CookieTTL time.Duration // zero means a session cookie
	// StickyByIP keeps a client on an instance by its IP address.
	StickyByIP  bool
	HealthCheck HealthCheck
	Backends    []Backend
	// CDN is nil unless Cloud CDN is enabled.
	CDN *CDN
	// Policy is nil without a security policy.
	Policy *SecurityPolicy
}

// SecurityPolicy is a Cloud Armor policy. The first rule that matches decides, in their order.
type SecurityPolicy struct {
	Rules []SecurityRule
}

// SecurityRule is a rule of a security policy.
type SecurityRule struct {
	Priority int
	// Expression is in Cloud Armor's language; if it is empty, Ranges are what matches.
	Expression string
	Ranges     []netip.Prefix
	// Deny is the status with which requests are denied; 0 allows them, within the limit.
	Deny    int
	Limit   *RateLimit // nil for none
	Preview bool       // decides nothing, and is logged
}

// RateLimit bounds the requests of a client's address.
type RateLimit struct {
	Count    int
	Interval time.Duration
	// Exceeded is the status of answers beyond it.
	Exceeded int
	// An address that exceeds the limit and sends more than BanCount requests in BanInterval is banned for Ban; 0 for no ban.
	BanCount    int
	BanInterval time.Duration
	Ban         time.Duration
}

// CDN is what Cloud CDN keeps of a backend service's answers, in the mode USE_ORIGIN_HEADERS.
type CDN struct {
	// These parts of a request belong to the cache key, beside its path.
	Protocol, Host, Query bool
	Cookies               []string // names
	// Bypass are the names of headers; a request with one of them goes past the cache.
	Bypass []string
	// Stale is how long an expired answer is served while it is renewed, if it does not say so itself.
	Stale time.Duration
}

// Backend is an instance group behind a backend service.
type Backend struct {
	Group string // the group's resource name
	Zone  string
	// Pool is the ID of the group's machines for Machines.Instances; empty if the group is gone.
	Pool string
	// NamedPorts are the group's named ports, sorted for each name.
	NamedPorts map[string][]int
	// RatePerInstance is the declared capacity, in requests a second.
	RatePerInstance float64
	// CapacityScaler is the used fraction of the capacity, 0 to 1.
	CapacityScaler float64
}

// HealthCheck is an HTTP health check as declared.
type HealthCheck struct {
	// Interval is the time from the start of one probe to the start of the next; Timeout is at most as long.
	Interval, Timeout time.Duration
	// HealthyThreshold and UnhealthyThreshold are the numbers of consecutive probes that change the state.
	HealthyThreshold, UnhealthyThreshold int
	Port                                 int
	Path                                 string
}
