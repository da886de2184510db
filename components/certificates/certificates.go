// Package certificates declares the database's certificate authority, and a certificate for each region's servers. They are
// born in the graph: keys from secret random bytes, and certificates that follow from the keys and from the date.
// docs/certificates.md describes what each is for.
package certificates

import (
	"time"

	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure the certificates.
type Args struct {
	Regions []regions.Region
	// Names are the DNS names of a region's servers.
	Names func(regions.Region) []string
	// Now decides which certificates are current.
	Now time.Time
}

// Certificates are the authority and the regions' certificates.
type Certificates struct {
	pulumi.ResourceState

	// Authority is the authority's certificate in PEM. It is public, and stays the same.
	Authority pulumi.StringOutput
	// Until is when the first of the regions' certificates expires, unless an update renews it before.
	Until time.Time

	servers map[string]Server
}

// Server is the certificate of a region's servers, which are also each other's clients.
type Server struct {
	// Certificate and Key are PEM. The key is a secret.
	Certificate, Key pulumi.StringOutput
}

// New declares the keys. A key stays when its certificate is renewed, so that a server may read the two files at different
// moments.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Certificates, error) {
	c := &Certificates{Until: validity(args.Now).until, servers: map[string]Server{}}
	if err := ctx.RegisterComponentResource("geo-wordpress:certificates:Certificates", name, c, opts...); err != nil {
		return nil, err
	}
	authority, err := c.seed(ctx, name+"-authority")
	if err != nil {
		return nil, err
	}
	c.Authority = public(authority.ApplyT(func(seed string) (string, error) {
		own, err := newAuthority(seed)
		if err != nil {
			return "", err
		}
		return encode("CERTIFICATE", own.certificate.Raw), nil
	}))
	for _, region := range args.Regions {
		seed, err := c.seed(ctx, name+"-"+region.Name)
		if err != nil {
			return nil, err
		}
		part := func(of func(issued) string) pulumi.Output {
			return pulumi.All(authority, seed).ApplyT(func(seeds []interface{}) (string, error) {
				leaf, err := issue(seeds[0].(string), seeds[1].(string), args.Names(region), args.Now)
				return of(leaf), err
			})
		}
		c.servers[region.Name] = Server{
			Certificate: public(part(func(i issued) string { return i.certificate })),
			Key:         part(func(i issued) string { return i.key }).(pulumi.StringOutput),
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"authority": c.Authority})
}

// Of is the certificate of a region's servers.
func (c *Certificates) Of(region regions.Region) Server { return c.servers[region.Name] }

// seed declares the random bytes that a key is made of, in base64.
func (c *Certificates) seed(ctx *pulumi.Context, name string) (pulumi.StringOutput, error) {
	bytes, err := random.NewRandomBytes(ctx, name, &random.RandomBytesArgs{Length: pulumi.Int(seedBytes)}, pulumi.Parent(c))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return bytes.Base64, nil
}

// public is a text that follows from a secret and is none.
func public(text pulumi.Output) pulumi.StringOutput {
	return pulumi.Unsecret(text).(pulumi.StringOutput)
}
