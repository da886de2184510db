package cloud

import "time"

// FrontEnd is a global forwarding rule of an external Application Load Balancer, with all that is declared behind it.
type FrontEnd struct {
	// ID is the rule's resource name.
	ID string
	// Address is the IP address, followed by :port where the machine permits no listening on the rule's own port.
	Address string
	Port    int
	// Managed tells EXTERNAL_MANAGED, built on Envoy, from EXTERNAL, the classic one.
	Managed bool
	// HTTPS rules have a certificate for Domains.
	HTTPS   bool
	Domains []string
	URLMap  URLMap
}

// URLMap says which backend service answers a request.
type URLMap struct {
	ID      string
	Default Route
	Hosts   []HostRule
}

// HostRule is a host rule with its path matcher.
type HostRule struct {
	Hosts   []string // names, *.domain or *
	Default Route
	Paths   []PathRule
}

// PathRule is a path rule: paths as they are, or with /* at their end.
type PathRule struct {
	Paths []string
	Route Route
}

// Route is a backend service or a redirect, never both.
type Route struct {
	Service  *BackendService
	Redirect *Redirect
}

// Redirect is a URL redirect; empty parts stay as requested.
type Redirect struct {
	HTTPS      bool
	Host       string
	Path       string
	Prefix     string
	Status     int
	StripQuery bool
}

// BackendService is a global backend service.
type BackendService struct {
	ID       string
	Managed  bool
	Protocol string // to the backends: HTTP, HTTPS or HTTP2
	PortName string
	// Timeout bounds a request, from its being sent to the answer's end.
	Timeout time.Duration
	// Draining is for how long requests may go on at an instance that leaves.
	Draining time.Duration
	// Affinity is NONE, CLIENT_IP or GENERATED_COOKIE; HEADER_FIELD and HTTP_COOKIE need more than can be declared here.
	Affinity  string
	CookieTTL time.Duration // of a generated cookie; zero for one of the browser's session
	// RequestHeaders and ResponseHeaders are custom headers, "Name: value".
	RequestHeaders, ResponseHeaders []string
	HealthCheck                     HealthCheck
	Backends                        []Backend
}

// Backend is an instance group behind a backend service.
type Backend struct {
	Group string // the group's resource name
	Zone  string
	// Pool is what Machines.Instances knows the group's machines by; empty when the group is gone.
	Pool string
	// NamedPorts are the group's, each name with its ports in order.
	NamedPorts map[string][]int
	// Mode is RATE, with Rate for the group or RatePerInstance in requests a second, or UTILIZATION.
	Mode            string
	Rate            float64
	RatePerInstance float64
	MaxUtilization  float64
	// CapacityScaler is the part of the capacity that is used, 0 to 1.
	CapacityScaler float64
}

// HealthCheck is a health check as declared.
type HealthCheck struct {
	ID       string
	Protocol string // HTTP, HTTPS or TCP
	// Interval is from the start of one probe to the start of the next, Timeout at most as long.
	Interval, Timeout time.Duration
	// HealthyThreshold and UnhealthyThreshold are how many probes in a row change the state.
	HealthyThreshold, UnhealthyThreshold int
	// PortSpecification is USE_FIXED_PORT, USE_NAMED_PORT or USE_SERVING_PORT, the backend service's.
	PortSpecification string
	Port              int
	PortName          string
	Host              string // of the request; empty for the load balancer's address
	Path              string
	Response          string // that the answer's body must contain in its first KiB, if not empty
	ProxyHeader       string // NONE or PROXY_V1
}
