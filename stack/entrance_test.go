package stack_test

import (
	"math"
	"slices"
	"strings"

	"geo-wordpress/ports"
	"geo-wordpress/sizing"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

const (
	backendType = "gcp:compute/backendService:BackendService"
	checkType   = "gcp:compute/healthCheck:HealthCheck"
	portType    = "gcp:compute/instanceGroupNamedPort:InstanceGroupNamedPort"
	ruleType    = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
	addressType = "gcp:compute/globalAddress:GlobalAddress"
)

var entranceRules = []invariant{
	{"a backend in every region", aBackendInEveryRegion},
	{"visitors are sent on before a machine's processes are all busy", visitorsAreSentOnInTime},
	{"the named port and the health check's are the service's node ports", theMachinesPortsAreTheServices},
	{"the load balancer is the one built on Envoy, and sticky", theLoadBalancerIsSticky},
	{"the health check asks what the pods serve", theHealthCheckAsksWhatPodsServe},
	{"the health page has a web server of its own, and little else", theHealthPageStandsAlone},
	{"pods outlive the health check's notice", podsOutliveTheNotice},
	{"what listens on the address follows the domain", whatListensFollowsTheDomain},
	{"nothing but the groups and the address ties WordPress to the load balancer", nothingWaitsForTheLoadBalancer},
}

func aBackendInEveryRegion(t rapid.TB, s *system) {
	services := s.Of(backendType)
	if want := map[bool]int{true: 2, false: 1}[s.config.PrimaryRegion != ""]; len(services) != want {
		t.Fatalf("%d backend services, want %d", len(services), want)
	}
	for _, service := range services {
		backendsInEveryRegion(t, s, service)
	}
}

func backendsInEveryRegion(t rapid.TB, s *system, service *stacktest.Resource) {
	backends := asList(service.At("backends"))
	if len(backends) != len(s.config.Regions) {
		t.Fatalf("%d backends for %d regions", len(backends), len(s.config.Regions))
	}
	for i, region := range s.config.Regions {
		backend := backends[i].(map[string]any)
		pool, port := s.poolOf(s.clusterIn(region)), s.in(region, "InstanceGroupNamedPort")[0]
		// Balanced by request rate: a busy TiKV must not send visitors to another region.
		if rate := s.requestsPerMachine(region); backend["balancingMode"] != "RATE" || backend["maxRatePerInstance"] != rate {
			t.Errorf("the backend in %s is balanced by %v, its machines serve %v requests a second", region.Name, backend, rate)
		}
		if !s.Closure(service)[pool] || !slices.Contains(service.Dependencies, port.URN) {
			t.Errorf("%s does not wait for %s and %s", service, pool, port)
		}
		if s.Preview {
			continue
		}
		group := stacktest.Plain(pool.Outputs["managedInstanceGroupUrls"]).([]any)[0]
		if backend["group"] != group || port.At("group") != group {
			t.Errorf("the backend in %s is %v with the port of %v, its group is %v", region.Name, backend["group"], port.At("group"), group)
		}
		if !strings.Contains(group.(string), "/instanceGroups/") {
			t.Errorf("the backend in %s is no instance group: %v", region.Name, group)
		}
	}
}

// visitorsAreSentOnInTime compares the rate of each backend with the declared pods' processes: below the rate, some of them
// must be free, and at the rate most must be busy.
func visitorsAreSentOnInTime(t rapid.TB, s *system) {
	if s.Preview || s.config.Growth != (sizing.Growth{}) {
		return // for regions that grow see regionsGrowBeforeVisitorsAreSentAway
	}
	backends := asList(s.Only(backendType, "loadbalancer").At("backends"))
	for i, region := range s.config.Regions {
		w, site := s.workload(t, region, "wordpress"), s.container(t, region, "wordpress", "wordpress")
		apache := s.mountedAt(t, w, site, "/etc/apache2/conf-enabled/zz-geo-wordpress.conf")
		pods, machines := w.Resource.At("spec.replicas").(float64), s.poolOf(s.clusterIn(region)).At("nodeCount").(float64)
		processes := math.Ceil(pods/machines) * float64(setting(t, apache, "MaxRequestWorkers"))
		busy := backends[i].(map[string]any)["maxRatePerInstance"].(float64) * sizing.PageMilliseconds / 1000
		if busy > processes || busy < processes/2 {
			t.Errorf("in %s a machine has %v processes, and its rate keeps %.1f of them busy", region.Name, processes, busy)
		}
	}
}

func theMachinesPortsAreTheServices(t rapid.TB, s *system) {
	service, check := s.Only(backendType, "loadbalancer"), s.Only(checkType, "loadbalancer")
	if check.At("httpHealthCheck.portSpecification") != "USE_FIXED_PORT" || check.At("httpHealthCheck.portName") != nil {
		t.Errorf("%s asks another port than its own: %v", check, check.At("httpHealthCheck"))
	}
	for _, region := range s.config.Regions {
		named := s.in(region, "InstanceGroupNamedPort")[0]
		if named.At("name") != service.At("portName") || named.Text("zone") != region.Zone {
			t.Errorf("%s is called %v in %v, the backend service asks for %v", named, named.At("name"), named.At("zone"), service.At("portName"))
		}
		var found []*stacktest.Resource
		for _, r := range s.in(region, "Service") {
			if r.At("spec.type") == "NodePort" {
				found = append(found, r)
			}
		}
		if len(found) != 1 {
			t.Fatalf("%s has %d services on its machines' ports, want 1", region.Name, len(found))
		}
		for path, want := range map[string]any{
			"spec.ports.0.nodePort":      named.At("port"),
			"spec.ports.0.port":          float64(ports.HTTP),
			"spec.ports.1.nodePort":      check.At("httpHealthCheck.port"),
			"spec.ports.1.port":          float64(ports.Health),
			"spec.ports.2":               nil,
			"spec.externalTrafficPolicy": "Local",
			"spec.selector":              map[string]any{"app.kubernetes.io/name": "wordpress"},
		} {
			if got := found[0].At(path); !equal(got, want) {
				t.Errorf("%s: %s is %v, want %v", found[0], path, got, want)
			}
		}
		for name, port := range map[string]int{"wordpress": ports.HTTP, "health": ports.Health} {
			c := s.container(t, region, "wordpress", name)
			if len(c.Ports) != 1 || c.Ports[0].ContainerPort != port {
				t.Errorf("%s: %s listens on %v", region.Name, name, c.Ports)
			}
		}
	}
}

func theLoadBalancerIsSticky(t rapid.TB, s *system) {
	service := s.Only(backendType, "loadbalancer")
	affinity := "GENERATED_COOKIE"
	if s.config.CDN { // which keeps no answer that sets a cookie
		affinity = "CLIENT_IP"
	}
	for path, want := range map[string]any{
		"loadBalancingScheme": "EXTERNAL_MANAGED", "protocol": "HTTP", "sessionAffinity": affinity,
	} {
		if got := service.At(path); got != want {
			t.Errorf("%s: %s is %v, want %v", service, path, got, want)
		}
	}
	for _, r := range s.Of(ruleType) {
		if got := r.At("loadBalancingScheme"); got != "EXTERNAL_MANAGED" {
			t.Errorf("%s: loadBalancingScheme is %v", r, got)
		}
		if !s.Preview && !strings.HasSuffix(r.Name, "-ipv6") && r.Text("ipAddress") != s.Only(addressType, "loadbalancer").Output("address") {
			t.Errorf("%s listens on %v", r, r.At("ipAddress"))
		}
	}
}

// podsOutliveTheNotice: the load balancer sends requests to a stopping pod until it notices, and then drains the
// connections. A pod is killed only when no request can be left.
func podsOutliveTheNotice(t rapid.TB, s *system) {
	check, service := s.Only(checkType, "loadbalancer"), s.Only(backendType, "loadbalancer")
	value := func(r *stacktest.Resource, name string) float64 { return r.At(name).(float64) }
	notice := (value(check, "checkIntervalSec") + value(check, "timeoutSec")) * value(check, "unhealthyThreshold")
	least := notice + value(service, "connectionDrainingTimeoutSec")
	for _, region := range s.config.Regions {
		w := s.workload(t, region, "wordpress")
		var pauses []float64
		for _, c := range w.Pod.Containers {
			command := strings.Join(c.Lifecycle.PreStop.Exec.Command, " ")
			i := strings.LastIndex(command, "sleep ")
			if i < 0 {
				t.Fatalf("%s: %s stops by %q", w, c.Name, command)
			}
			pause := number(t, command[i+len("sleep "):])
			pauses = append(pauses, pause)
			if pause <= least {
				t.Errorf("%s: %s pauses %v seconds before it stops, the load balancer takes up to %v to notice and to drain", w, c.Name, pause, least)
			}
			if longest := value(service, "timeoutSec"); w.Pod.GracePeriod == nil || float64(*w.Pod.GracePeriod) < pause+longest {
				t.Errorf("%s: %s is killed after %v seconds; it pauses %v, and a request takes up to %v", w, c.Name, valueOf(w.Pod.GracePeriod), pause, longest)
			}
		}
		// Without the health page the pod would not be ready, and its node port would be closed to requests that still
		// come.
		if slices.Min(pauses) != slices.Max(pauses) {
			t.Errorf("%s: its containers pause for %v seconds", w, pauses)
		}
	}
}

// nothingWaitsForTheLoadBalancer: WordPress needs only the address, which is reserved at once.
func nothingWaitsForTheLoadBalancer(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		for r := range s.Closure(w.Resource) {
			if strings.HasPrefix(r.Name, "loadbalancer") && r.Custom && r.Type != addressType {
				t.Errorf("%s waits for %s", w, r)
			}
		}
	}
}
