package tidb

import (
	"strings"

	"geo-wordpress/components/internal/autoscaler"
	"geo-wordpress/components/internal/fingerprint"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/ports"
	"geo-wordpress/sizing"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TiDB declares the region's SQL servers and their disruption budget. They hold no data and need no stable names, so
// they are a Deployment. The next region's servers wait for its rollout.
func (p *Part) TiDB(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	c := podspec.Container(TiDB, p.args.Config.Images.TiDB, sizing.TiDB)
	c.Command = pulumi.ToStringArray([]string{"/tidb-server"})
	c.Args = pulumi.ToStringArray([]string{
		"--store=tikv",
		"--path=" + strings.Join(addresses(p.args.Config, PD, ports.PDClient), ","),
		"--host=0.0.0.0",
		"--advertise-address=$(POD_IP)",
		"--config=/etc/tidb/tidb.toml",
	})
	c.Env = corev1.EnvVarArray{podspec.EnvFromField("POD_IP", "status.podIP")}
	probe := podspec.Probe{Period: 5, Timeout: 3, Threshold: 3}
	// TiDB opens its status port after the bootstrap. A kubelet has no certificate to ask for /status, which says one thing more:
	// that TiDB stops, and then Kubernetes knows already.
	c.StartupProbe = podspec.Probe{Period: 5, Timeout: 3, Threshold: 120}.TCP(ports.TiDBStatus)
	c.ReadinessProbe = probe.TCP(ports.TiDBStatus)
	c.LivenessProbe = podspec.Probe{Period: 10, Timeout: 3, Threshold: 6}.TCP(ports.TiDB)
	c.VolumeMounts = corev1.VolumeMountArray{
		podspec.MountReadOnly("config", "/etc/tidb"),
		podspec.MountReadOnly("init", "/etc/tidb-init"),
		mountCertificates(),
		podspec.Mount("tmp", "/tmp"),
	}
	// 10 seconds of graceful-wait-before-shutdown, 15 of draining at most.
	template := p.template(TiDB, 45, corev1.PodSpecArgs{
		PriorityClassName: p.args.Priority.TiDB,
		InitContainers:    corev1.ContainerArray{p.storeIsUp()},
		Containers:        corev1.ContainerArray{c},
		Volumes: corev1.VolumeArray{
			podspec.FromConfigMap("config", p.config.Metadata.Name()),
			p.initVolume("init.sql"),
			p.certificates(),
			podspec.Scratch("tmp", "1Gi"), // sorts that do not fit into memory
		},
		TopologySpreadConstraints: podspec.Spread(TiDB),
	})
	options := []pulumi.ResourceOption{p.server(after)}
	if p.args.Config.Growth.TiDB > 0 {
		options = append(options, autoscaler.Own())
	}
	// Its SQL port reads the certificate at the start only.
	template.Metadata.(*metav1.ObjectMetaArgs).Annotations = pulumi.StringMap{
		"geo-wordpress/certificate": fingerprint.Of(p.args.Certificate.Certificate),
	}
	metadata := p.metadata(TiDB)
	metadata.Annotations = objectmeta.Counted(p.args.Config.Growth.TiDB > 0)
	deployment, err := appsv1.NewDeployment(ctx, p.name+"-"+TiDB, &appsv1.DeploymentArgs{
		Metadata: metadata,
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(p.args.Config.Replicas.TiDB),
			Selector: objectmeta.Selector(TiDB),
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type: pulumi.String("RollingUpdate"),
				// The nodes have no room for a surge pod.
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{
					MaxSurge:       pulumi.Int(0),
					MaxUnavailable: pulumi.Int(1),
				},
			},
			Template: template,
		},
	}, options...)
	if err != nil {
		return nil, err
	}
	if err := p.growth(ctx, deployment); err != nil {
		return nil, err
	}
	_, err = policyv1.NewPodDisruptionBudget(ctx, p.name+"-"+TiDB, &policyv1.PodDisruptionBudgetArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(TiDB),
			Namespace:   p.args.Namespace.Name,
			Annotations: objectmeta.Unawaited(),
		},
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1),
			Selector:       objectmeta.Selector(TiDB),
		},
	}, p.args.Cluster.Object(p))
	return deployment, err
}

// storeIsUp waits until any Placement Driver reports any store up. TiDB exits without one, and Kubernetes backs off
// longer after each exit. One store is enough, so that TiDB restarts while a region is lost.
func (p *Part) storeIsUp() *corev1.ContainerArgs {
	var urls []string
	for _, pd := range addresses(p.args.Config, PD, ports.PDClient) {
		urls = append(urls, "https://"+pd+"/pd/api/v1/stores")
	}
	c := podspec.Container("store-is-up", p.args.Config.Images.Tools, sizing.Job)
	c.Command = pulumi.ToStringArray([]string{"sh", "-ec", callScript + `until
  for stores in $STORES; do
    if call 3 "$stores" | grep -q '"state_name": *"Up"'; then exit 0; fi
  done
  false
do
  echo "no Placement Driver knows of a TiKV store that is up: waiting"
  sleep 2
done`})
	c.VolumeMounts = corev1.VolumeMountArray{mountCertificates()}
	c.Env = corev1.EnvVarArray{podspec.Env("STORES", pulumi.String(strings.Join(urls, " ")))}
	return c
}

// initVolume holds files of the init secret.
func (p *Part) initVolume(keys ...string) *corev1.VolumeArgs {
	volume := podspec.FromSecret("init", p.secret.Metadata.Name())
	volume.Secret.(*corev1.SecretVolumeSourceArgs).Items = items(keys)
	return volume
}
