package tidb

import (
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/components/internal/fingerprint"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/nfs"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PlacementDriver declares the region's Placement Driver. It is ready when it listens, not when it has a quorum: the
// second of three starts after the first is ready, so the first would wait in vain.
func (p *Part) PlacementDriver(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	if err := p.certificate(ctx, after); err != nil {
		return nil, err
	}
	region := p.args.Region
	c := podspec.Container(PD, p.args.Config.Images.PD, sizing.PD)
	c.Command = pulumi.ToStringArray([]string{"/pd-server"})
	c.Args = pulumi.ToStringArray([]string{
		"--name=" + member(region),
		"--data-dir=/var/lib/pd",
		"--config=/etc/pd/pd.toml",
		fmt.Sprintf("--client-urls=https://0.0.0.0:%d", ports.PDClient),
		fmt.Sprintf("--peer-urls=https://0.0.0.0:%d", ports.PDPeer),
		"--advertise-client-urls=https://" + address(p.args.Config, region, PD, ports.PDClient),
		"--advertise-peer-urls=https://" + address(p.args.Config, region, PD, ports.PDPeer),
	})
	probe := podspec.Probe{Period: 5, Timeout: 3, Threshold: 6}
	c.ReadinessProbe, c.LivenessProbe = probe.TCP(ports.PDClient), probe.TCP(ports.PDClient)
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.Mount("data", "/var/lib/pd"),
		podspec.MountReadOnly("start", "/etc/pd"),
		mountCertificates(),
		podspec.Mount("tmp", "/tmp"),
	}
	return p.voter(ctx, PD, 30, corev1.PodSpecArgs{
		InitContainers: corev1.ContainerArray{p.start()},
		Containers:     corev1.ContainerArray{c},
		Volumes: corev1.VolumeArray{
			podspec.FromClaim("data", p.pdData.Metadata.Name().Elem()),
			podspec.FromConfigMap("config", p.config.Metadata.Name()),
			podspec.Scratch("start", "1Mi"),
			p.certificates(),
			podspec.Scratch("tmp", "64Mi"),
		},
	}, after)
}

// TiKV declares the region's store.
func (p *Part) TiKV(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	region := p.args.Region
	c := podspec.Container(TiKV, p.args.Config.Images.TiKV, sizing.TiKV)
	c.Command = pulumi.ToStringArray([]string{"/tikv-server"})
	c.Args = pulumi.ToStringArray([]string{
		fmt.Sprintf("--addr=0.0.0.0:%d", ports.TiKV),
		"--advertise-addr=" + address(p.args.Config, region, TiKV, ports.TiKV),
		fmt.Sprintf("--status-addr=0.0.0.0:%d", ports.TiKVStatus),
		"--advertise-status-addr=" + address(p.args.Config, region, TiKV, ports.TiKVStatus),
		"--pd=" + strings.Join(addresses(p.args.Config, PD, ports.PDClient), ","),
		"--data-dir=/var/lib/tikv",
		// PD places by the region label; TiDB reads its own, zone.
		fmt.Sprintf("--labels=region=%[1]s,zone=%[1]s", region.Name),
		"--config=/etc/tikv/tikv.toml",
	})
	probe := podspec.Probe{Period: 5, Timeout: 3, Threshold: 6}
	// The first start may wait for PD's leader, and a start after a crash replays the log. TiKV opens its status port last of
	// all, and /status says no more than that it is open. A kubelet has no certificate to ask it.
	c.StartupProbe = podspec.Probe{Period: 5, Timeout: 3, Threshold: 120}.TCP(ports.TiKVStatus)
	c.ReadinessProbe = probe.TCP(ports.TiKVStatus)
	c.LivenessProbe = probe.TCP(ports.TiKV)
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.Mount("data", "/var/lib/tikv"),
		podspec.MountReadOnly("config", "/etc/tikv"),
		mountCertificates(),
		podspec.Mount("tmp", "/tmp"),
	}
	// Long enough for the leaders to move away (graceful-shutdown-timeout) and the log to be flushed.
	return p.voter(ctx, TiKV, 60, corev1.PodSpecArgs{
		Containers: corev1.ContainerArray{c},
		Volumes: corev1.VolumeArray{
			podspec.FromClaim("data", p.tikvData.Metadata.Name().Elem()),
			p.certificates(),
			podspec.FromConfigMap("config", p.config.Metadata.Name()),
			podspec.Scratch("tmp", "64Mi"),
		},
	}, after)
}

// voter declares one server of a quorum. It returns what the next region's server depends on: not the StatefulSet, but
// a Job that ends once the whole database is healthy again. Pulumi's Kubernetes provider considers a StatefulSet
// updated as soon as it sees the new generation with the old status (it does not compare status.observedGeneration:
// pkg/await, statefulset.go), and would restart all regions' servers within seconds.
func (p *Part) voter(ctx *pulumi.Context, app string, graceSeconds int, spec corev1.PodSpecArgs, after []pulumi.Resource,
) (pulumi.Resource, error) {
	spec.PriorityClassName = p.args.Priority.Database
	template := p.template(app, graceSeconds, spec)
	if annotations := objectmeta.Unmoved(p.args.Config.Growth); annotations != nil {
		template.Metadata.(*metav1.ObjectMetaArgs).Annotations = annotations
		template.Spec.(*corev1.PodSpecArgs).Affinity = p.besideTheUnmoved()
	}
	set, err := appsv1.NewStatefulSet(ctx, p.name+"-"+app, &appsv1.StatefulSetArgs{
		Metadata: p.metadata(app),
		Spec: &appsv1.StatefulSetSpecArgs{
			ServiceName: pulumi.String(app),
			Replicas:    pulumi.Int(1),
			// OrderedReady, the default, waits for a pod to be ready before it applies a corrected template: a bad
			// image could not be undone (kubernetes/kubernetes#67250).
			PodManagementPolicy: pulumi.String("Parallel"),
			Selector:            objectmeta.Selector(app),
			Template:            template,
		},
	}, p.server(after))
	if err != nil {
		return nil, err
	}
	disturbs := []interface{}{template}
	if app == PD { // the next region's certificate waits for this gate, which talks to PD with the new one
		disturbs = append(disturbs, p.args.Certificate.Certificate)
	}
	args := GateArgs{p.args.Config, p.args.Region, p.args.Cluster, p.args.Namespace, p.args.Priority}
	return well{name: p.name + "-" + gateOf(app), app: gateOf(app), args: args, fingerprint: fingerprint.Of(disturbs...)}.declare(ctx, p, set)
}

// besideTheUnmoved makes a server that keeps its machine prefer a machine that another one keeps. Otherwise one that restarts while
// the region has grown would move to the emptiest machine, an added one, which could not be removed any more. The scheduler also
// counts the preferences of the pods that are there, so the NFS server prefers PD's and TiKV's machine, but less than its disk's.
func (p *Part) besideTheUnmoved() *corev1.AffinityArgs {
	names := p.args.Config.Namespaces
	var preferred corev1.WeightedPodAffinityTermArray
	for _, other := range []struct{ namespace, app string }{{names.Database, PD}, {names.Database, TiKV}, {names.Files, nfs.App}} {
		preferred = append(preferred, &corev1.WeightedPodAffinityTermArgs{
			Weight: pulumi.Int(10),
			PodAffinityTerm: &corev1.PodAffinityTermArgs{
				Namespaces:    pulumi.ToStringArray([]string{other.namespace}),
				LabelSelector: objectmeta.Selector(other.app),
				TopologyKey:   pulumi.String("kubernetes.io/hostname"),
			},
		})
	}
	return &corev1.AffinityArgs{PodAffinity: &corev1.PodAffinityArgs{PreferredDuringSchedulingIgnoredDuringExecution: preferred}}
}

// gateOf is the label of the gate's pod behind a tier's server.
func gateOf(app string) string { return app + "-" + gate }

// template is the pod template of a server.
func (p *Part) template(app string, graceSeconds int, spec corev1.PodSpecArgs) *corev1.PodTemplateSpecArgs {
	spec.SecurityContext = podspec.User(unprivileged)
	spec.AutomountServiceAccountToken = pulumi.Bool(false)
	spec.EnableServiceLinks = pulumi.Bool(false)
	spec.TerminationGracePeriodSeconds = pulumi.Int(graceSeconds)
	return &corev1.PodTemplateSpecArgs{
		Metadata: &metav1.ObjectMetaArgs{Labels: objectmeta.Labels(app)},
		Spec:     &spec,
	}
}

// metadata is the metadata of a server's StatefulSet or Deployment.
func (p *Part) metadata(app string) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{
		Name:        pulumi.String(app),
		Namespace:   p.args.Namespace.Name,
		Labels:      objectmeta.Labels(app),
		Annotations: objectmeta.Annotations(),
	}
}

// server returns the options of a server's StatefulSet or Deployment, which depends on what its pods need.
func (p *Part) server(after []pulumi.Resource) pulumi.ResourceOption {
	return p.args.Cluster.Object(p, pulumi.DependsOn(slices.Concat(p.ready, after)))
}
