package tidb

import (
	_ "embed"

	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// reader is the Job that creates the user who dumps, its pods' label and their container.
const reader = "database-reader"

//go:embed files/reader.sql.tmpl
var readerSQL string

// Reader declares the Job that creates the user who dumps the database for a backup. It is apart from Initialize, whose
// statements the servers mount: a change there would restart all of them.
//
// It also makes the table of backups, whose newest row has an age and an alert. The clock begins when backups are set, the second
// time too: then the user has another password, and the first row of the new time is added before the user gets it.
func (p *Part) Reader(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	statements := p.args.Credentials.DatabaseBackup.ApplyT(func(password string) (string, error) {
		return render(readerSQL, map[string]string{"Database": Database, "User": Reader, "Site": User, "Password": password})
	}).(pulumi.StringOutput)
	secret, err := corev1.NewSecret(ctx, p.name+"-"+reader, &corev1.SecretArgs{
		Metadata: &metav1.ObjectMetaArgs{Namespace: p.args.Namespace.Name, Annotations: objectmeta.Annotations()},
		StringData: pulumi.StringMap{
			"reader.sql":    statements,
			"root-password": p.args.Credentials.DatabaseRoot,
		},
	}, p.args.Cluster.Object(p))
	if err != nil {
		return nil, err
	}
	policy, err := networkingv1.NewNetworkPolicy(ctx, p.name+"-"+reader, networkpolicy.Of(reader, p.args.Namespace.Name, ingress{},
		egress{networkpolicy.To(networkpolicy.TCP(ports.TiDB), networkpolicy.Pods(TiDB))}), p.args.Cluster.Object(p))
	if err != nil {
		return nil, err
	}
	c := podspec.Container(reader, p.args.Config.Images.WordPress, sizing.Job)
	c.Command = pulumi.ToStringArray([]string{"php", "/etc/tidb-init/init.php"})
	c.Env, c.VolumeMounts = p.initialization("reader.sql")
	return p.sqlJob(ctx, reader, c, podspec.FromSecret("init", secret.Metadata.Name()), append(after, policy))
}
