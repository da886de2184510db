package cloud

import "time"

// FrontEnd is a global forwarding rule of an external Application Load Balancer, with everything declared behind it.
type FrontEnd struct {
	// ID is the rule's resource name.
	ID string
	// Address is the IP address, followed by :port if this machine does not permit listening on the rule's own port.
	Address string
	Port    int
	// Managed distinguishes EXTERNAL_MANAGED, built on Envoy, from the classic EXTERNAL.
	Managed bool
	// HTTPS rules have a certificate for Domains.
	HTTPS   bool
	Domains []string
	URLMap  URLMap
}

// URLMap routes requests to backend services.
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

// PathRule is a path rule: literal paths, or paths that end in /*.
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
	// Timeout bounds a request, from its sending to the end of the answer.
	Timeout time.Duration
	// Draining is how long requests may continue on an instance that leaves.
	Draining time.Duration
	// Affinity is NONE, CLIENT_IP or GENERATED_COOKIE; HEADER_FIELD and HTTP_COOKIE need more than can be declared here.
	Affinity  string
	CookieTTL time.Duration // of a generated cookie; zero means a session cookie
	// RequestHeaders and ResponseHeaders are custom headers, "Name: value".
	RequestHeaders, ResponseHeaders []string
	HealthCheck                     HealthCheck
	Backends                        []Backend
}

// Backend is an instance group behind a backend service.
type Backend struct {
	Group string // the group's resource name
	Zone  string
	// Pool is the ID of the group's machines for Machines.Instances; empty if the group is gone.
	Pool string
	// NamedPorts are the group's named ports, sorted for each name.
	NamedPorts map[string][]int
	// Mode is RATE, with Rate for the group or RatePerInstance in requests a second, or UTILIZATION.
	Mode            string
	Rate            float64
	RatePerInstance float64
	MaxUtilization  float64
	// CapacityScaler is the used fraction of the capacity, 0 to 1.
	CapacityScaler float64
}

// HealthCheck is a health check as declared.
type HealthCheck struct {
	ID       string
	Protocol string // HTTP, HTTPS or TCP
	// Interval is the time from the start of one probe to the start of the next; Timeout is at most as long.
	Interval, Timeout time.Duration
	// HealthyThreshold and UnhealthyThreshold are the numbers of consecutive probes that change the state.
	HealthyThreshold, UnhealthyThreshold int
	// PortSpecification is USE_FIXED_PORT, USE_NAMED_PORT or USE_SERVING_PORT (the backend service's port).
	PortSpecification string
	Port              int
	PortName          string
	Host              string // of the request; empty for the load balancer's address
	Path              string
	Response          string // required in the first KiB of the answer's body, if not empty
	ProxyHeader       string // NONE or PROXY_V1
}
