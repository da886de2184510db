package tidb

import (
	"fmt"
	"strings"

	"geo-wordpress/components/internal/fingerprint"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/regions"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PlacementDriver declares the region's Placement Driver, after what must stand first. It is ready when it listens, not
// when it has a quorum: the first of three waits for the second in vain.
func (p *Part) PlacementDriver(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	region := p.args.Region
	c := podspec.Container(PD, p.args.Config.Images.PD, regions.Sizes.PD)
	c.Command = pulumi.ToStringArray([]string{"/pd-server"})
	c.Args = pulumi.ToStringArray([]string{
		"--name=" + member(region),
		"--data-dir=/var/lib/pd",
		"--config=/etc/pd/pd.toml",
		fmt.Sprintf("--client-urls=http://0.0.0.0:%d", regions.PDClientPort),
		fmt.Sprintf("--peer-urls=http://0.0.0.0:%d", regions.PDPeerPort),
		"--advertise-client-urls=http://" + address(p.args.Config, region, PD, regions.PDClientPort),
		"--advertise-peer-urls=http://" + address(p.args.Config, region, PD, regions.PDPeerPort),
		"--initial-cluster=" + p.initialCluster(),
	})
	probe := podspec.Probe{Period: 5, Timeout: 3, Threshold: 6}
	c.ReadinessProbe, c.LivenessProbe = probe.TCP(regions.PDClientPort), probe.TCP(regions.PDClientPort)
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.Mount("data", "/var/lib/pd"),
		podspec.MountReadOnly("config", "/etc/pd"),
		podspec.Mount("tmp", "/tmp"),
	}
	return p.voter(ctx, PD, 30, corev1.PodSpecArgs{
		Containers: corev1.ContainerArray{c},
		Volumes: corev1.VolumeArray{
			podspec.FromClaim("data", p.pdData.Metadata.Name().Elem()),
			podspec.FromConfigMap("config", p.config.Metadata.Name()),
			podspec.Scratch("tmp", "64Mi"),
		},
	}, after)
}

// TiKV declares the region's store.
func (p *Part) TiKV(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	region := p.args.Region
	c := podspec.Container(TiKV, p.args.Config.Images.TiKV, regions.Sizes.TiKV)
	c.Command = pulumi.ToStringArray([]string{"/tikv-server"})
	c.Args = pulumi.ToStringArray([]string{
		fmt.Sprintf("--addr=0.0.0.0:%d", regions.TiKVPort),
		"--advertise-addr=" + address(p.args.Config, region, TiKV, regions.TiKVPort),
		fmt.Sprintf("--status-addr=0.0.0.0:%d", regions.TiKVStatusPort),
		"--advertise-status-addr=" + address(p.args.Config, region, TiKV, regions.TiKVStatusPort),
		"--pd=" + strings.Join(addresses(p.args.Config, PD, regions.PDClientPort), ","),
		"--data-dir=/var/lib/tikv",
		// PD places by region; TiDB looks for its own label, zone.
		fmt.Sprintf("--labels=region=%[1]s,zone=%[1]s", region.Name),
		"--config=/etc/tikv/tikv.toml",
	})
	probe := podspec.Probe{Period: 5, Timeout: 3, Threshold: 6}
	// The first start may have to wait for PD's leader, and a start after a crash replays its log.
	c.StartupProbe = podspec.Probe{Period: 5, Timeout: 3, Threshold: 120}.HTTP(regions.TiKVStatusPort, "/status")
	c.ReadinessProbe = probe.HTTP(regions.TiKVStatusPort, "/status")
	c.LivenessProbe = probe.TCP(regions.TiKVPort)
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.Mount("data", "/var/lib/tikv"),
		podspec.MountReadOnly("config", "/etc/tikv"),
		podspec.Mount("tmp", "/tmp"),
	}
	// Long enough for the leaders to move away (graceful-shutdown-timeout) and the log to be flushed.
	return p.voter(ctx, TiKV, 60, corev1.PodSpecArgs{
		Containers: corev1.ContainerArray{c},
		Volumes: corev1.VolumeArray{
			podspec.FromClaim("data", p.tikvData.Metadata.Name().Elem()),
			podspec.FromConfigMap("config", p.config.Metadata.Name()),
			podspec.Scratch("tmp", "64Mi"),
		},
	}, after)
}

// voter declares one of a quorum's servers, and returns what the next region's waits for: not the StatefulSet, but a Job
// that ends once the whole database is well again. Pulumi's Kubernetes provider takes a StatefulSet for updated as soon as
// it sees the new generation with the old one's status (it does not compare status.observedGeneration: pkg/await,
// statefulset.go), and would restart all regions' servers within seconds.
func (p *Part) voter(ctx *pulumi.Context, app string, graceSeconds int, spec corev1.PodSpecArgs, after []pulumi.Resource,
) (pulumi.Resource, error) {
	template := p.template(app, graceSeconds, spec)
	set, err := appsv1.NewStatefulSet(ctx, p.name+"-"+app, &appsv1.StatefulSetArgs{
		Metadata: p.metadata(app),
		Spec: &appsv1.StatefulSetSpecArgs{
			ServiceName: pulumi.String(app),
			Replicas:    pulumi.Int(1),
			// The other policy, OrderedReady, waits for a pod to be ready before it looks at a corrected template: a bad
			// image could not be undone (kubernetes/kubernetes#67250).
			PodManagementPolicy: pulumi.String("Parallel"),
			Selector:            podspec.Selector(app),
			Template:            template,
		},
	}, p.server(after))
	if err != nil {
		return nil, err
	}
	args := GateArgs{p.args.Config, p.args.Region, p.args.Cluster, p.args.Namespace, p.args.Priority}
	return well{name: p.name + "-" + gateOf(app), app: gateOf(app), args: args, fingerprint: fingerprint.Of(template)}.declare(ctx, p, set)
}

// gateOf is the label of the pod that waits behind a tier's server.
func gateOf(app string) string { return app + "-" + gate }

// template is what a server's pods are made of.
func (p *Part) template(app string, graceSeconds int, spec corev1.PodSpecArgs) *corev1.PodTemplateSpecArgs {
	spec.SecurityContext = podspec.User(unprivileged)
	spec.AutomountServiceAccountToken = pulumi.Bool(false)
	spec.EnableServiceLinks = pulumi.Bool(false)
	spec.PriorityClassName = p.args.Priority.Database
	spec.TerminationGracePeriodSeconds = pulumi.Int(graceSeconds)
	return &corev1.PodTemplateSpecArgs{
		Metadata: &metav1.ObjectMetaArgs{Labels: podspec.Labels(app)},
		Spec:     &spec,
	}
}

// metadata is that of the object which keeps a server's pods.
func (p *Part) metadata(app string) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{
		Name:        pulumi.String(app),
		Namespace:   p.args.Namespace.Name,
		Labels:      podspec.Labels(app),
		Annotations: podspec.Annotations(),
	}
}

// server are the options of that object: it is made once what its pods need stands.
func (p *Part) server(after []pulumi.Resource) pulumi.ResourceOption {
	return p.args.Cluster.Object(p, pulumi.DependsOn(append(append([]pulumi.Resource{}, p.ready...), after...)))
}

// member is a region's Placement Driver's name in etcd: final from the first day.
func member(region regions.Region) string { return "pd-" + region.Name }

// initialCluster names all members with their peer URLs.
func (p *Part) initialCluster() string {
	var members []string
	for _, region := range p.args.Config.Regions {
		members = append(members, member(region)+"=http://"+address(p.args.Config, region, PD, regions.PDPeerPort))
	}
	return strings.Join(members, ",")
}
