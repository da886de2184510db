package tidb

import (
	_ "embed"
	"strings"

	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/ports"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// foundersKey is the key of the record of founders.
const foundersKey = "founders"

//go:embed files/start-pd.sh
var startScript string

// record declares the record of the cluster's founders: all members if no database existed when the region's part was
// declared first, otherwise nobody. It stays as it is until the region's cluster is replaced: then there is a database,
// and the region's Placement Driver must join it, never found another one.
func (p *Part) record(ctx *pulumi.Context) (err error) {
	founders := p.members()
	if p.args.Exists {
		founders = ""
	}
	p.founders, err = corev1.NewConfigMap(ctx, p.name+"-founders", &corev1.ConfigMapArgs{
		Metadata: &metav1.ObjectMetaArgs{Namespace: p.args.Namespace.Name, Annotations: objectmeta.Annotations()},
		Data:     pulumi.StringMap{foundersKey: pulumi.String(founders)},
	}, p.args.Cluster.Object(p, pulumi.IgnoreChanges([]string{"data"})))
	return err
}

// start is the init container that decides how the Placement Driver starts, and writes its configuration. PD's own
// option, join, rejects a member whose disk was lost, and stays stuck if it was killed between adding itself to the
// members and writing that down.
func (p *Part) start() *corev1.ContainerArgs {
	c := podspec.Container("start", p.args.Config.Images.Tools, sizing.Job)
	c.Command = pulumi.ToStringArray([]string{"sh", "-ec", callScript + startScript})
	c.Env = corev1.EnvVarArray{
		podspec.Env("NAME", pulumi.String(member(p.args.Region))),
		podspec.Env("PEER_URL", pulumi.String(p.peerURL(p.args.Region))),
		podspec.Env("MEMBERS", pulumi.String(p.members())),
		&corev1.EnvVarArgs{
			Name: pulumi.String("FOUNDERS"),
			ValueFrom: &corev1.EnvVarSourceArgs{ConfigMapKeyRef: &corev1.ConfigMapKeySelectorArgs{
				Name: p.founders.Metadata.Name(), Key: pulumi.String(foundersKey),
			}},
		},
		databaseStands(),
	}
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.Mount("data", "/var/lib/pd"),
		podspec.MountFile("config", "pd.toml", "/etc/pd-base/pd.toml"),
		podspec.Mount("start", "/etc/pd"),
		mountCertificates(),
	}
	return c
}

// member is the name of a region's Placement Driver in etcd. It can never change.
func member(region regions.Region) string { return "pd-" + region.Name }

func (p *Part) peerURL(region regions.Region) string {
	return "https://" + address(p.args.Config, region, PD, ports.PDPeer)
}

// members names all members with their peer URLs.
func (p *Part) members() string {
	var members []string
	for _, region := range p.args.Config.Regions {
		members = append(members, member(region)+"="+p.peerURL(region))
	}
	return strings.Join(members, ",")
}
