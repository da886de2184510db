package loadbalancer

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/certificatemanager"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/dns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// certificates declares a certificate map with a certificate for each name. The names share nothing else: one that comes
// or goes changes no other.
func (l *LoadBalancer) certificates(ctx *pulumi.Context) (*certificatemanager.CertificateMapResource, error) {
	all, err := certificatemanager.NewCertificateMapResource(ctx, l.name, &certificatemanager.CertificateMapResourceArgs{
		Description: pulumi.String("geo-wordpress: the site"),
	}, pulumi.Parent(l), l.args.Project.Ready())
	if err != nil {
		return nil, err
	}
	for _, host := range l.names.served {
		if err := l.certificate(ctx, all, host); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// certificate declares a name's certificate, which Google issues once the record of the authorisation exists. That needs no
// address record, so it can be there before the first visitor. An update does not wait for it.
func (l *LoadBalancer) certificate(ctx *pulumi.Context, in *certificatemanager.CertificateMapResource, host string) error {
	name := l.name + "-" + label(host)
	authorization, err := certificatemanager.NewDnsAuthorization(ctx, name, &certificatemanager.DnsAuthorizationArgs{
		Domain: pulumi.String(host),
	}, pulumi.Parent(l), l.args.Project.Ready())
	if err != nil {
		return err
	}
	proof := authorization.DnsResourceRecords.Index(pulumi.Int(0))
	record := record{proof.Name().Elem(), proof.Type().Elem(), proof.Data().Elem()}
	l.Records = append(l.Records, record.output())
	ready, err := l.publish(ctx, name+"-authorization", record)
	if err != nil {
		return err
	}
	certificate, err := certificatemanager.NewCertificate(ctx, name, &certificatemanager.CertificateArgs{
		Managed: &certificatemanager.CertificateManagedArgs{
			Domains:           pulumi.ToStringArray([]string{host}),
			DnsAuthorizations: pulumi.StringArray{authorization.ID()},
		},
	}, pulumi.Parent(l), pulumi.DependsOn(ready))
	if err != nil {
		return err
	}
	_, err = certificatemanager.NewCertificateMapEntry(ctx, name, &certificatemanager.CertificateMapEntryArgs{
		Map:          in.Name,
		Hostname:     pulumi.String(host),
		Certificates: pulumi.StringArray{certificate.ID()},
	}, pulumi.Parent(l))
	return err
}

// record is a DNS record.
type record struct{ name, kind, data pulumi.StringOutput }

func (r record) output() pulumi.Map {
	return pulumi.Map{"name": r.name, "type": r.kind, "data": r.data}
}

// recordSeconds is the TTL of the records.
const recordSeconds = 300

// publish declares a record in the stack's zone, if there is one, after what else it depends on.
func (l *LoadBalancer) publish(ctx *pulumi.Context, name string, r record, after ...pulumi.Resource) ([]pulumi.Resource, error) {
	if l.args.Zone == "" {
		return nil, nil
	}
	set, err := dns.NewRecordSet(ctx, name, &dns.RecordSetArgs{
		ManagedZone: pulumi.String(l.args.Zone),
		Name:        r.name,
		Type:        r.kind,
		Ttl:         pulumi.Int(recordSeconds),
		Rrdatas:     pulumi.StringArray{r.data},
	}, pulumi.Parent(l), l.args.Project.Ready(), pulumi.DependsOn(after))
	return []pulumi.Resource{set}, err
}

// kinds are the types of the address records, for the addresses in reserved.
var kinds = []string{"A", "AAAA"}

// address is the record of a name for one of the addresses.
func (l *LoadBalancer) address(host string, i int) record {
	return record{pulumi.String(host + ".").ToStringOutput(), pulumi.String(kinds[i]).ToStringOutput(), l.reserved[i].Address}
}

// addresses declares the names' records for the IPv4 address, and lists those for both.
func (l *LoadBalancer) addresses(ctx *pulumi.Context) error {
	for _, host := range l.names.served {
		for i := range l.reserved {
			l.Records = append(l.Records, l.address(host, i).output())
		}
	}
	for _, host := range l.names.having(l.names.published) {
		set, err := l.publish(ctx, l.name+"-"+label(host)+"-ipv4", l.address(host, 0))
		if err != nil {
			return err
		}
		l.Ready = append(l.Ready, set...)
	}
	return nil
}

// ipv6 declares the names' records for the IPv6 address, if there is one, after all listeners: the site may have been there
// for years without it. WordPress does not wait for them, because a listener waits for WordPress.
func (l *LoadBalancer) ipv6(ctx *pulumi.Context) error {
	if !l.args.IPv6 {
		return nil
	}
	for _, host := range l.names.having(l.names.published) {
		if _, err := l.publish(ctx, l.name+"-"+label(host)+"-ipv6", l.address(host, 1), l.listeners...); err != nil {
			return err
		}
	}
	return nil
}

// sslPolicy declares what the HTTPS listener speaks: TLS 1.2 and 1.3, with forward secrecy and authenticated encryption
// only. Every browser of the last ten years does (https://docs.cloud.google.com/load-balancing/docs/ssl-policies-concepts).
func (l *LoadBalancer) sslPolicy(ctx *pulumi.Context) (*compute.SSLPolicy, error) {
	return compute.NewSSLPolicy(ctx, l.name, &compute.SSLPolicyArgs{
		Profile:       pulumi.String("RESTRICTED"),
		MinTlsVersion: pulumi.String("TLS_1_2"),
	}, pulumi.Parent(l), l.args.Project.Ready())
}
