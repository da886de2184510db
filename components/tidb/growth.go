package tidb

import (
	"geo-wordpress/components/internal/autoscaler"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// growth declares the autoscaler of the TiDB servers. They hold no data: a new one serves after some ten seconds, and one
// that stops lets the statements in progress end (graceful-wait-before-shutdown). A plan or an import makes a server busy
// for seconds, so pods are added after half a minute.
func (p *Part) growth(ctx *pulumi.Context, deployment pulumi.Resource) error {
	most := p.args.Config.Growth.TiDB
	if most == 0 {
		return nil
	}
	return autoscaler.New(ctx, p.name+"-"+TiDB, autoscaler.Args{
		Namespace: p.args.Namespace.Name,
		App:       TiDB,
		Least:     p.args.Config.Replicas.TiDB,
		Most:      most,
		UpSeconds: 30, DownSeconds: 900,
		AddSeconds: 60, RemoveSeconds: 300,
	}, p.args.Cluster.Object(p, pulumi.DependsOn([]pulumi.Resource{deployment})))
}
