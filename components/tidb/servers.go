package tidb

import (
	"fmt"
	"strings"

	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/regions"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
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
	return p.statefulSet(ctx, PD, 1, 30, corev1.PodSpecArgs{
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
	return p.statefulSet(ctx, TiKV, 1, 60, corev1.PodSpecArgs{
		Containers: corev1.ContainerArray{c},
		Volumes: corev1.VolumeArray{
			podspec.FromClaim("data", p.tikvData.Metadata.Name().Elem()),
			podspec.FromConfigMap("config", p.config.Metadata.Name()),
			podspec.Scratch("tmp", "64Mi"),
		},
	}, after)
}

// TiDB declares the region's SQL servers, which hold no data, and how many of them an eviction may take at a time.
func (p *Part) TiDB(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	c := podspec.Container(TiDB, p.args.Config.Images.TiDB, regions.Sizes.TiDB)
	c.Command = pulumi.ToStringArray([]string{"/tidb-server"})
	c.Args = pulumi.ToStringArray([]string{
		"--store=tikv",
		"--path=" + strings.Join(addresses(p.args.Config, PD, regions.PDClientPort), ","),
		"--host=0.0.0.0",
		"--advertise-address=$(POD_IP)",
		"--config=/etc/tidb/tidb.toml",
	})
	c.Env = corev1.EnvVarArray{podspec.EnvFromField("POD_IP", "status.podIP")}
	probe := podspec.Probe{Period: 5, Timeout: 3, Threshold: 3}
	c.StartupProbe = podspec.Probe{Period: 5, Timeout: 3, Threshold: 120}.HTTP(regions.TiDBStatusPort, "/status")
	c.ReadinessProbe = probe.HTTP(regions.TiDBStatusPort, "/status")
	c.LivenessProbe = podspec.Probe{Period: 10, Timeout: 3, Threshold: 6}.TCP(regions.TiDBPort)
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.MountReadOnly("config", "/etc/tidb"),
		podspec.MountReadOnly("init", "/etc/tidb-init"),
		podspec.Mount("tmp", "/tmp"),
	}
	replicas := p.args.Config.Replicas.TiDB
	// 10 seconds of graceful-wait-before-shutdown, 15 of draining at most.
	set, err := p.statefulSet(ctx, TiDB, replicas, 45, corev1.PodSpecArgs{
		InitContainers: corev1.ContainerArray{p.storeIsUp()},
		Containers:     corev1.ContainerArray{c},
		Volumes: corev1.VolumeArray{
			podspec.FromConfigMap("config", p.config.Metadata.Name()),
			p.initVolume("init.sql"),
			podspec.Scratch("tmp", "1Gi"), // sorts that do not fit into memory
		},
		TopologySpreadConstraints: podspec.Spread(TiDB),
	}, after)
	if err != nil {
		return nil, err
	}
	_, err = policyv1.NewPodDisruptionBudget(ctx, p.name+"-"+TiDB, &policyv1.PodDisruptionBudgetArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(TiDB),
			Namespace:   p.args.Namespace.Name,
			Annotations: podspec.BeforeItsPods(),
		},
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1),
			Selector:       podspec.Selector(TiDB),
		},
	}, p.args.Cluster.Object(p))
	return set, err
}

// storeIsUp waits until any Placement Driver knows of any store that is up. TiDB exits when there is none, and each
// exit makes Kubernetes wait longer before the next start. One is enough, so that TiDB restarts while a region is lost.
func (p *Part) storeIsUp() *corev1.ContainerArgs {
	var urls []string
	for _, pd := range addresses(p.args.Config, PD, regions.PDClientPort) {
		urls = append(urls, "http://"+pd+"/pd/api/v1/stores")
	}
	c := podspec.Container("store-is-up", p.args.Config.Images.Tools, regions.Sizes.Job)
	c.Command = pulumi.ToStringArray([]string{"sh", "-ec", `
until
  for stores in $STORES; do
    if wget -q -T 3 -O - "$stores" | grep -q '"state_name": *"Up"'; then exit 0; fi
  done
  false
do
  echo "no Placement Driver knows of a TiKV store that is up: waiting"
  sleep 2
done`})
	c.Env = corev1.EnvVarArray{podspec.Env("STORES", pulumi.String(strings.Join(urls, " ")))}
	return c
}

// statefulSet declares a server's StatefulSet, once what its pods need stands.
func (p *Part) statefulSet(ctx *pulumi.Context, app string, replicas, graceSeconds int, spec corev1.PodSpecArgs,
	after []pulumi.Resource,
) (pulumi.Resource, error) {
	spec.SecurityContext = podspec.User(unprivileged)
	spec.AutomountServiceAccountToken = pulumi.Bool(false)
	spec.EnableServiceLinks = pulumi.Bool(false)
	spec.TerminationGracePeriodSeconds = pulumi.Int(graceSeconds)
	return appsv1.NewStatefulSet(ctx, p.name+"-"+app, &appsv1.StatefulSetArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(app),
			Namespace:   p.args.Namespace.Name,
			Labels:      podspec.Labels(app),
			Annotations: podspec.Annotations(),
		},
		Spec: &appsv1.StatefulSetSpecArgs{
			ServiceName: pulumi.String(app),
			Replicas:    pulumi.Int(replicas),
			Selector:    podspec.Selector(app),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: podspec.Labels(app)},
				Spec:     &spec,
			},
		},
	}, p.args.Cluster.Object(p, pulumi.DependsOn(append(append([]pulumi.Resource{}, p.ready...), after...))))
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

// initVolume holds files of the init secret.
func (p *Part) initVolume(keys ...string) *corev1.VolumeArgs {
	volume := podspec.FromSecret("init", p.secret.Metadata.Name())
	items := corev1.KeyToPathArray{}
	for _, key := range keys {
		items = append(items, &corev1.KeyToPathArgs{Key: pulumi.String(key), Path: pulumi.String(key)})
	}
	volume.Secret.(*corev1.SecretVolumeSourceArgs).Items = items
	return volume
}
