package loadbalancer

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// permanently is the response code 301.
const permanently = pulumi.String("MOVED_PERMANENTLY_DEFAULT")

// Redirect makes port 80 redirect to HTTPS, if WordPress's URL is an HTTPS one, after what else that depends on: WordPress
// must have moved everywhere, because a region that has not would redirect back.
func (l *LoadBalancer) Redirect(ctx *pulumi.Context, after ...pulumi.Resource) error {
	if l.names.home == "" {
		return nil
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
	_, err = l.http(ctx, redirect, after...)
	return err
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
	return all, nil
}

// tell logs what the names wait for.
func (l *LoadBalancer) tell(ctx *pulumi.Context) error {
	if l.names.wanted != l.names.home {
		at := "the load balancer's address"
		if l.names.home != "" {
			at = "https://" + l.names.home
		}
		if err := l.warn(ctx, fmt.Sprintf("The site stays at %s, because no certificate for %s was issued when the state was last read.",
			at, l.names.wanted)); err != nil {
			return err
		}
	}
	for _, host := range l.names.waiting() {
		do := "Set its records, which `pulumi stack output dns_records` lists, and wait some minutes"
		if l.args.Zone != "" {
			do = fmt.Sprintf("Its record is in the zone %s; wait some minutes", l.args.Zone)
		}
		if err := l.warn(ctx, fmt.Sprintf("The certificate for %s is awaited. %s; then run `pulumi refresh` and `pulumi up`: "+
			"docs/domain.md.", host, do)); err != nil {
			return err
		}
	}
	return nil
}

func (l *LoadBalancer) warn(ctx *pulumi.Context, text string) error {
	return ctx.Log.Warn(text, &pulumi.LogArgs{Resource: l})
}
