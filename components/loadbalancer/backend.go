package loadbalancer

import (
	"geo-wordpress/ports"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// portName is the name of WordPress's node port in the instance groups and the backend services.
const portName = "wordpress"

// services declares the backend services.
func (l *LoadBalancer) services(ctx *pulumi.Context) error {
	ready, err := l.namedPorts(ctx)
	if err != nil {
		return err
	}
	ready = append(ready, l.args.After...)
	// Keep authors in one region: their uploads reach the others a second or two later.
	l.everybody, err = l.service(ctx, l.name, HealthPath, ready, func(in *compute.BackendServiceArgs) {
		in.Description = pulumi.String("geo-wordpress: WordPress in every region")
		in.SessionAffinity = pulumi.String("GENERATED_COOKIE")
		in.AffinityCookieTtlSec = pulumi.Int(3600)
		if l.args.CDN {
			cache(in, l.SiteURL)
		}
	})
	if err != nil || !l.args.FollowLeaders {
		return err
	}
	// All regions are its backends, and the health check selects: when the leaders move, requests follow. It has no
	// affinity: there is one region at a time, and a second cookie would displace that of everybody's service.
	l.leaders, err = l.service(ctx, l.name+"-leaders", LeaderPath, ready, func(in *compute.BackendServiceArgs) {
		in.Description = pulumi.String("geo-wordpress: WordPress where the database's leaders are")
		in.SessionAffinity = pulumi.String("NONE")
	})
	return err
}

// healthCheck declares a check of one of the health pages.
func (l *LoadBalancer) healthCheck(ctx *pulumi.Context, name, path string) (*compute.HealthCheck, error) {
	return compute.NewHealthCheck(ctx, name, &compute.HealthCheckArgs{
		CheckIntervalSec:   pulumi.Int(CheckIntervalSeconds),
		TimeoutSec:         pulumi.Int(CheckTimeoutSeconds),
		HealthyThreshold:   pulumi.Int(healthyThreshold),
		UnhealthyThreshold: pulumi.Int(UnhealthyThreshold),
		HttpHealthCheck: &compute.HealthCheckHttpHealthCheckArgs{
			// Not the serving port: the health page has its own web server.
			PortSpecification: pulumi.String("USE_FIXED_PORT"),
			Port:              pulumi.Int(ports.HealthNode),
			RequestPath:       pulumi.String(path),
		},
		LogConfig: &compute.HealthCheckLogConfigArgs{Enable: pulumi.Bool(true)},
	}, pulumi.Parent(l), l.args.Project.Ready())
}

// namedPorts declares WordPress's port in all regions' instance groups.
func (l *LoadBalancer) namedPorts(ctx *pulumi.Context) (all []pulumi.Resource, err error) {
	for _, b := range l.args.Backends {
		port, err := compute.NewInstanceGroupNamedPort(ctx, l.name+"-"+b.Region.Name, &compute.InstanceGroupNamedPortArgs{
			Group: b.Cluster.InstanceGroup,
			Zone:  pulumi.String(b.Region.Zone),
			Name:  pulumi.String(portName),
			Port:  pulumi.Int(ports.WordPressNode),
		}, pulumi.Parent(l))
		if err != nil {
			return nil, err
		}
		all = append(all, port)
	}
	return all, nil
}

// service declares a backend service, whose backends are all regions' instance groups, and its health check.
func (l *LoadBalancer) service(ctx *pulumi.Context, name, check string, ready []pulumi.Resource,
	complete func(*compute.BackendServiceArgs),
) (*compute.BackendService, error) {
	checks, err := l.healthCheck(ctx, name, check)
	if err != nil {
		return nil, err
	}
	backends := compute.BackendServiceBackendArray{}
	for _, b := range l.args.Backends {
		backends = append(backends, &compute.BackendServiceBackendArgs{
			Group: b.Cluster.InstanceGroup,
			// Balance by request rate, not by CPU: a busy TiKV on the same node must not send visitors to another
			// country.
			BalancingMode: pulumi.String("RATE"),
			// Above this rate, visitors go to another region instead of into a queue.
			MaxRatePerInstance: pulumi.Float64(b.RequestsPerMachine),
			CapacityScaler:     pulumi.Float64(1),
		})
	}
	in := &compute.BackendServiceArgs{
		LoadBalancingScheme:          scheme,
		Protocol:                     pulumi.String("HTTP"),
		PortName:                     pulumi.String(portName),
		HealthChecks:                 checks.ID(),
		Backends:                     backends,
		TimeoutSec:                   pulumi.Int(RequestSeconds),
		ConnectionDrainingTimeoutSec: pulumi.Int(DrainingSeconds),
		LogConfig: &compute.BackendServiceLogConfigArgs{
			Enable:     pulumi.Bool(true),
			SampleRate: pulumi.Float64(0.1),
		},
	}
	if l.policy != nil {
		in.SecurityPolicy = l.policy.ID()
	}
	complete(in)
	declared, err := compute.NewBackendService(ctx, name, in, pulumi.Parent(l), pulumi.DependsOn(ready))
	l.Services = append(l.Services, declared)
	return declared, err
}
