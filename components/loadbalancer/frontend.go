package loadbalancer

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// frontEnd declares the listeners: HTTP without a domain; with one, HTTPS and a redirect to it.
func (l *LoadBalancer) frontEnd(ctx *pulumi.Context, name string, args Args,
	address *compute.GlobalAddress, site *compute.URLMap,
) error {
	if args.Domain == "" {
		return l.http(ctx, name+"-http", address, site)
	}
	if err := l.https(ctx, name+"-https", args.Domain, address, site); err != nil {
		return err
	}
	redirect, err := compute.NewURLMap(ctx, name+"-redirect", &compute.URLMapArgs{
		DefaultUrlRedirect: &compute.URLMapDefaultUrlRedirectArgs{
			HttpsRedirect:        pulumi.Bool(true),
			RedirectResponseCode: pulumi.String("MOVED_PERMANENTLY_DEFAULT"),
			StripQuery:           pulumi.Bool(false),
		},
	}, pulumi.Parent(l), args.Project.Ready())
	if err != nil {
		return err
	}
	return l.http(ctx, name+"-http", address, redirect)
}

// http answers on port 80.
func (l *LoadBalancer) http(ctx *pulumi.Context, name string, address *compute.GlobalAddress, to *compute.URLMap) error {
	proxy, err := compute.NewTargetHttpProxy(ctx, name, &compute.TargetHttpProxyArgs{
		UrlMap: to.ID(),
	}, pulumi.Parent(l))
	if err != nil {
		return err
	}
	return l.forward(ctx, name, address, proxy.ID(), "80")
}

// https answers on port 443. Google issues the certificate once the domain's DNS points at the address.
func (l *LoadBalancer) https(ctx *pulumi.Context, name, domain string,
	address *compute.GlobalAddress, to *compute.URLMap,
) error {
	certificate, err := compute.NewManagedSslCertificate(ctx, name, &compute.ManagedSslCertificateArgs{
		Managed: &compute.ManagedSslCertificateManagedArgs{
			Domains: pulumi.ToStringArray([]string{domain}),
		},
	}, pulumi.Parent(l), pulumi.DependsOn([]pulumi.Resource{address}))
	if err != nil {
		return err
	}
	proxy, err := compute.NewTargetHttpsProxy(ctx, name, &compute.TargetHttpsProxyArgs{
		UrlMap:          to.ID(),
		SslCertificates: pulumi.StringArray{certificate.ID()},
	}, pulumi.Parent(l))
	if err != nil {
		return err
	}
	return l.forward(ctx, name, address, proxy.ID(), "443")
}

func (l *LoadBalancer) forward(ctx *pulumi.Context, name string,
	address *compute.GlobalAddress, proxy pulumi.IDOutput, port string,
) error {
	_, err := compute.NewGlobalForwardingRule(ctx, name, &compute.GlobalForwardingRuleArgs{
		IpAddress:           address.Address,
		IpProtocol:          pulumi.String("TCP"),
		LoadBalancingScheme: scheme,
		PortRange:           pulumi.String(port),
		Target:              proxy,
	}, pulumi.Parent(l))
	return err
}
