package tidb

import (
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/ports"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// services declares the servers' Services. PD's and TiKV's are headless, with one pod behind each, so that they resolve
// to the pod's address in every region. They resolve before the pod is ready, because a PD is not ready until it has
// found its peers.
func (p *Part) services(ctx *pulumi.Context) error {
	for _, s := range []struct {
		name     string
		headless bool
		ports    corev1.ServicePortArray
	}{
		{PD, true, servicePorts("client", ports.PDClient, "peer", ports.PDPeer)},
		{TiKV, true, servicePorts("server", ports.TiKV)},
		{TiDB, false, servicePorts("mysql", ports.TiDB)},
	} {
		spec := &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: pulumi.StringMap{objectmeta.Label: pulumi.String(s.name)},
			Ports:    s.ports,
		}
		if s.headless {
			spec.ClusterIP = pulumi.String("None")
			spec.PublishNotReadyAddresses = pulumi.Bool(true)
		}
		service, err := corev1.NewService(ctx, p.name+"-"+s.name, &corev1.ServiceArgs{
			Metadata: &metav1.ObjectMetaArgs{
				Name:        pulumi.String(s.name),
				Namespace:   p.args.Namespace.Name,
				Annotations: objectmeta.Unawaited(),
			},
			Spec: spec,
		}, p.args.Cluster.Object(p))
		if err != nil {
			return err
		}
		p.ready = append(p.ready, service)
	}
	return nil
}

// servicePorts are a Service's TCP ports: name, number, name, number.
func servicePorts(pairs ...interface{}) corev1.ServicePortArray {
	a := corev1.ServicePortArray{}
	for i := 0; i < len(pairs); i += 2 {
		a = append(a, &corev1.ServicePortArgs{
			Name:     pulumi.String(pairs[i].(string)),
			Port:     pulumi.Int(pairs[i+1].(int)),
			Protocol: pulumi.String("TCP"),
		})
	}
	return a
}
