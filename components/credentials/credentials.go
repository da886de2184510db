// Package credentials declares the secrets that all regions share. They are generated in the graph and kept encrypted
// in its state, never in a file, an argument or a log.
package credentials

import (
	"strings"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Salts names WordPress's keys and salts as the official image's environment variables. All regions share the values,
// so a session started in one region continues in another.
var Salts = []string{
	"WORDPRESS_AUTH_KEY", "WORDPRESS_SECURE_AUTH_KEY", "WORDPRESS_LOGGED_IN_KEY", "WORDPRESS_NONCE_KEY",
	"WORDPRESS_AUTH_SALT", "WORDPRESS_SECURE_AUTH_SALT", "WORDPRESS_LOGGED_IN_SALT", "WORDPRESS_NONCE_SALT",
}

// Args configure the credentials.
type Args struct {
	// Admin adds a password for the site's administrator.
	Admin bool
	// Backup adds a password for the database user that dumps.
	Backup bool
}

// Credentials are the shared secrets. Every string is a secret of letters and digits alone, so that it needs no quoting
// in SQL, PHP, TOML or a shell.
type Credentials struct {
	pulumi.ResourceState

	DatabaseRoot      pulumi.StringOutput
	DatabaseWordPress pulumi.StringOutput
	DatabaseBackup    pulumi.StringOutput            // empty unless Args.Backup is set
	Admin             pulumi.StringOutput            // empty unless Args.Admin is set
	Salts             map[string]pulumi.StringOutput // by the names in Salts
}

// New declares the credentials.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Credentials, error) {
	c := &Credentials{Salts: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource("geo-wordpress:credentials:Credentials", name, c, opts...); err != nil {
		return nil, err
	}
	var err error
	if c.DatabaseRoot, err = c.password(ctx, name+"-database-root", 32); err != nil {
		return nil, err
	}
	if c.DatabaseWordPress, err = c.password(ctx, name+"-database-wordpress", 32); err != nil {
		return nil, err
	}
	empty := pulumi.ToSecret(pulumi.String("")).(pulumi.StringOutput)
	c.DatabaseBackup, c.Admin = empty, empty
	if args.Backup {
		if c.DatabaseBackup, err = c.password(ctx, name+"-database-backup", 32); err != nil {
			return nil, err
		}
	}
	if args.Admin {
		if c.Admin, err = c.password(ctx, name+"-admin", 24); err != nil {
			return nil, err
		}
	}
	for _, salt := range Salts {
		short := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(salt, "WORDPRESS_"), "_", "-"))
		if c.Salts[salt], err = c.password(ctx, name+"-"+short, 64); err != nil {
			return nil, err
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// password declares a secret of letters and digits, 5.95 bits each.
func (c *Credentials) password(ctx *pulumi.Context, name string, length int) (pulumi.StringOutput, error) {
	password, err := random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{
		Length:  pulumi.Int(length),
		Special: pulumi.Bool(false),
	}, pulumi.Parent(c))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return password.Result, nil
}
