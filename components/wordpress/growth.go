package wordpress

import (
	"geo-wordpress/components/internal/autoscaler"
	"geo-wordpress/components/loadbalancer"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// growth declares the autoscaler of the pods. A start takes about half a minute, and the processes of the pods that are
// there fill up in the meantime, so pods are added at once and at most doubled every half minute. One is removed only
// after ten quiet minutes, and the next after the time that the first may take to stop (see stopSeconds).
func (w *WordPress) growth(ctx *pulumi.Context) error {
	most := w.args.Config.Growth.WordPress
	if most == 0 {
		return nil
	}
	return autoscaler.New(ctx, w.name, autoscaler.Args{
		Namespace: w.args.Namespace.Name,
		App:       app,
		Least:     w.args.Config.Replicas.WordPress,
		Most:      most,
		UpSeconds: 0, DownSeconds: 600,
		AddSeconds: 30, RemoveSeconds: stopSeconds + loadbalancer.RequestSeconds,
	}, w.args.Cluster.Object(w, pulumi.DependsOn([]pulumi.Resource{w.Serves})))
}
