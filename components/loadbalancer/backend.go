package loadbalancer

import (
	"geo-wordpress/ports"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// portName is the name of WordPress's node port in the instance groups and the backend service.
const portName = "wordpress"

// backendService declares the health check and the one service whose backends are all regions' instance groups.
func (l *LoadBalancer) backendService(ctx *pulumi.Context, name string, args Args) (*compute.BackendService, error) {
	check, err := compute.NewHealthCheck(ctx, name, &compute.HealthCheckArgs{
		CheckIntervalSec:   pulumi.Int(CheckIntervalSeconds),
		TimeoutSec:         pulumi.Int(CheckTimeoutSeconds),
		HealthyThreshold:   pulumi.Int(healthyThreshold),
		UnhealthyThreshold: pulumi.Int(UnhealthyThreshold),
		HttpHealthCheck: &compute.HealthCheckHttpHealthCheckArgs{
			// Not the serving port: the health page has its own web server.
			PortSpecification: pulumi.String("USE_FIXED_PORT"),
			Port:              pulumi.Int(ports.HealthNode),
			RequestPath:       pulumi.String(HealthPath),
		},
		LogConfig: &compute.HealthCheckLogConfigArgs{Enable: pulumi.Bool(true)},
	}, pulumi.Parent(l), args.Project.Ready())
	if err != nil {
		return nil, err
	}
	var namedPorts []pulumi.Resource
	backends := compute.BackendServiceBackendArray{}
	for _, b := range args.Backends {
		port, err := compute.NewInstanceGroupNamedPort(ctx, name+"-"+b.Region.Name, &compute.InstanceGroupNamedPortArgs{
			Group: b.Cluster.InstanceGroup,
			Zone:  pulumi.String(b.Region.Zone),
			Name:  pulumi.String(portName),
			Port:  pulumi.Int(ports.WordPressNode),
		}, pulumi.Parent(l))
		if err != nil {
			return nil, err
		}
		namedPorts = append(namedPorts, port)
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
	service := &compute.BackendServiceArgs{
		Description:         pulumi.String("geo-wordpress: WordPress in every region"),
		LoadBalancingScheme: scheme,
		Protocol:            pulumi.String("HTTP"),
		PortName:            pulumi.String(portName),
		HealthChecks:        check.ID(),
		Backends:            backends,
		TimeoutSec:          pulumi.Int(RequestSeconds),
		// Keep authors in one region: their uploads reach the others a second or two later.
		SessionAffinity:              pulumi.String("GENERATED_COOKIE"),
		AffinityCookieTtlSec:         pulumi.Int(3600),
		ConnectionDrainingTimeoutSec: pulumi.Int(DrainingSeconds),
		LogConfig: &compute.BackendServiceLogConfigArgs{
			Enable:     pulumi.Bool(true),
			SampleRate: pulumi.Float64(0.1),
		},
	}
	if args.CDN {
		cache(service, l.SiteURL)
	}
	return compute.NewBackendService(ctx, name, service, pulumi.Parent(l), pulumi.DependsOn(append(namedPorts, args.After...)))
}
