package tidb

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var (
	//go:embed files/pd.toml
	pdConfig string
	//go:embed files/tikv.toml
	tikvConfig string
	//go:embed files/tidb.toml.tmpl
	tidbConfig string
	//go:embed files/init.sql.tmpl
	initSQL string
	//go:embed files/init.php
	initPHP string
)

// configuration declares the servers' config files and the secret that initializes the database. Both are auto-named: a
// change creates a new object, whose new name rolls the pods that use it.
func (p *Part) configuration(ctx *pulumi.Context) error {
	tidb, err := render(tidbConfig, map[string]string{"Region": p.args.Region.Name})
	if err != nil {
		return err
	}
	metadata := &metav1.ObjectMetaArgs{Namespace: p.args.Namespace.Name, Annotations: objectmeta.Annotations()}
	p.config, err = corev1.NewConfigMap(ctx, p.name+"-config", &corev1.ConfigMapArgs{
		Metadata: metadata,
		Data: pulumi.StringMap{
			"pd.toml":   pulumi.String(pdConfig),
			"tikv.toml": pulumi.String(tikvConfig),
			"tidb.toml": pulumi.String(tidb),
			"init.php":  pulumi.String(initPHP),
		},
	}, p.args.Cluster.Object(p))
	if err != nil {
		return err
	}
	root, password := p.args.Credentials.DatabaseRoot, p.args.Credentials.DatabaseWordPress
	statements := pulumi.All(root, password).ApplyT(func(secrets []interface{}) (string, error) {
		return render(initSQL, map[string]string{
			"Database":     Database,
			"User":         User,
			"RootPassword": secrets[0].(string),
			"Password":     secrets[1].(string),
		})
	}).(pulumi.StringOutput)
	p.secret, err = corev1.NewSecret(ctx, p.name+"-init", &corev1.SecretArgs{
		Metadata: metadata,
		StringData: pulumi.StringMap{
			"init.sql":      statements,
			"root-password": root,
		},
	}, p.args.Cluster.Object(p))
	return err
}

func render(text string, values map[string]string) (string, error) {
	var b strings.Builder
	t, err := template.New("").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	err = t.Execute(&b, values)
	return b.String(), err
}

// address is host:port of a region's database Service. It follows from the configuration alone, so no region waits to
// learn another's.
func address(config *config.Config, region regions.Region, service string, port int) string {
	return fmt.Sprintf("%s:%d", regions.ServiceDNS(service, config.Namespaces.Database, region), port)
}

// addresses are a Service's addresses in all regions, in the regions' order.
func addresses(config *config.Config, service string, port int) []string {
	var all []string
	for _, region := range config.Regions {
		all = append(all, address(config, region, service, port))
	}
	return all
}
