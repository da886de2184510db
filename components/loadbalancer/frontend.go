package loadbalancer

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// frontEnd declares the listeners: HTTP without a domain; with one, HTTPS and a redirect to it.
func (l *LoadBalancer) frontEnd(ctx *pulumi.Context, site *compute.URLMap) error {
	if l.args.Domain == "" {
		return l.http(ctx, site)
	}
	if err := l.https(ctx, site); err != nil {
		return err
	}
	redirect, err := compute.NewURLMap(ctx, l.name+"-redirect", &compute.URLMapArgs{
		DefaultUrlRedirect: &compute.URLMapDefaultUrlRedirectArgs{
			HttpsRedirect:        pulumi.Bool(true),
			RedirectResponseCode: pulumi.String("MOVED_PERMANENTLY_DEFAULT"),
			StripQuery:           pulumi.Bool(false),
		},
	}, pulumi.Parent(l), l.args.Project.Ready())
	if err != nil {
		return err
	}
	return l.http(ctx, redirect)
}

// http answers on port 80.
func (l *LoadBalancer) http(ctx *pulumi.Context, to *compute.URLMap) error {
	name := l.name + "-http"
	proxy, err := compute.NewTargetHttpProxy(ctx, name, &compute.TargetHttpProxyArgs{
		UrlMap: to.ID(),
	}, pulumi.Parent(l))
	if err != nil {
		return err
	}
	return l.forward(ctx, name, proxy.ID(), "80")
}

// https answers on port 443. Google issues the certificate once the domain's DNS points at the address.
func (l *LoadBalancer) https(ctx *pulumi.Context, to *compute.URLMap) error {
	name := l.name + "-https"
	certificate, err := compute.NewManagedSslCertificate(ctx, name, &compute.ManagedSslCertificateArgs{
		Managed: &compute.ManagedSslCertificateManagedArgs{
			Domains: pulumi.ToStringArray([]string{l.args.Domain}),
		},
	}, pulumi.Parent(l), pulumi.DependsOn([]pulumi.Resource{l.address}))
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
	return l.forward(ctx, name, proxy.ID(), "443")
}

func (l *LoadBalancer) forward(ctx *pulumi.Context, name string, proxy pulumi.IDOutput, port string) error {
	_, err := compute.NewGlobalForwardingRule(ctx, name, &compute.GlobalForwardingRuleArgs{
		IpAddress:           l.address.Address,
		IpProtocol:          pulumi.String("TCP"),
		LoadBalancingScheme: scheme,
		PortRange:           pulumi.String(port),
		Target:              proxy,
	}, pulumi.Parent(l))
	return err
}
