package loadbalancer

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// permanently is the response code 301.
const permanently = pulumi.String("MOVED_PERMANENTLY_DEFAULT")

// Redirect makes port 80 redirect to HTTPS, if WordPress's URL is an HTTPS one, after what else that depends on: WordPress
// must have moved everywhere, because a region that has not would redirect back. Then IPv6 addresses are published.
func (l *LoadBalancer) Redirect(ctx *pulumi.Context, after ...pulumi.Resource) error {
	if l.names.home == "" {
		return l.ipv6(ctx)
	}
	redirect, err := compute.NewURLMap(ctx, l.name+"-redirect", &compute.URLMapArgs{
		DefaultUrlRedirect: &compute.URLMapDefaultUrlRedirectArgs{
			HttpsRedirect:        pulumi.Bool(true),
			HostRedirect:         pulumi.String(l.names.home),
			RedirectResponseCode: permanently,
			StripQuery:           pulumi.Bool(false),
		},
	}, pulumi.Parent(l), l.args.Project.Ready(), pulumi.DependsOn(after))
	if err != nil {
		return err
	}
	if _, err = l.http(ctx, redirect, after...); err != nil {
		return err
	}
	return l.ipv6(ctx)
}

// http answers on port 80.
func (l *LoadBalancer) http(ctx *pulumi.Context, to *compute.URLMap, after ...pulumi.Resource) ([]pulumi.Resource, error) {
	name := l.name + "-http"
	proxy, err := compute.NewTargetHttpProxy(ctx, name, &compute.TargetHttpProxyArgs{
		UrlMap: to.ID(),
	}, pulumi.Parent(l), pulumi.DependsOn(after))
	if err != nil {
		return nil, err
	}
	return l.forward(ctx, name, proxy.ID(), "80")
}

// https answers on port 443, with the certificates that are issued.
func (l *LoadBalancer) https(ctx *pulumi.Context, to *compute.URLMap) ([]pulumi.Resource, error) {
	name := l.name + "-https"
	certificates, err := l.certificates(ctx)
	if err != nil {
		return nil, err
	}
	policy, err := l.sslPolicy(ctx)
	if err != nil {
		return nil, err
	}
	in := &compute.TargetHttpsProxyArgs{UrlMap: to.ID(), SslPolicy: policy.ID()}
	if l.names.mapped() {
		in.CertificateMap = pulumi.Sprintf("//certificatemanager.googleapis.com/%s", certificates.ID())
	}
	if l.names.classic() {
		old, err := compute.NewManagedSslCertificate(ctx, name, &compute.ManagedSslCertificateArgs{
			Managed: &compute.ManagedSslCertificateManagedArgs{Domains: pulumi.ToStringArray([]string{l.names.home})},
		}, pulumi.Parent(l), pulumi.DependsOn([]pulumi.Resource{l.reserved[0]}))
		if err != nil {
			return nil, err
		}
		in.SslCertificates = pulumi.StringArray{old.ID()}
	}
	proxy, err := compute.NewTargetHttpsProxy(ctx, name, in, pulumi.Parent(l))
	if err != nil {
		return nil, err
	}
	return l.forward(ctx, name, proxy.ID(), "443")
}

// forward declares a forwarding rule for each of the addresses.
func (l *LoadBalancer) forward(ctx *pulumi.Context, name string, proxy pulumi.IDOutput, port string) (all []pulumi.Resource, err error) {
	for i, address := range l.reserved {
		rule, err := compute.NewGlobalForwardingRule(ctx, name+[]string{"", "-ipv6"}[i], &compute.GlobalForwardingRuleArgs{
			IpAddress:           address.Address,
			IpProtocol:          pulumi.String("TCP"),
			LoadBalancingScheme: scheme,
			PortRange:           pulumi.String(port),
			Target:              proxy,
		}, pulumi.Parent(l))
		if err != nil {
			return nil, err
		}
		all = append(all, rule)
	}
	l.listeners = append(l.listeners, all...)
	return all, nil
}

// tell logs what the names wait for.
func (l *LoadBalancer) tell(ctx *pulumi.Context) error {
	for _, text := range l.names.tell(l.args.Zone) {
		if err := ctx.Log.Warn(text, &pulumi.LogArgs{Resource: l}); err != nil {
			return err
		}
	}
	return nil
}
