package nfs

import (
	"fmt"
	"slices"

	"geo-wordpress/components/internal/fingerprint"
	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/sizing"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nfsPort is the one port that NFS 4.1 needs.
const nfsPort = 2049

// server declares the provisioner with the NFS server inside it. It is one pod on one disk: while it restarts, the
// region's WordPress waits for its files.
func (s *Server) server(ctx *pulumi.Context, account *corev1.ServiceAccount) (pulumi.Resource, error) {
	probe := podspec.Probe{Period: 5, Timeout: 3, Threshold: 6}
	server := &corev1.ContainerArgs{
		Name:      pulumi.String("nfs-provisioner"),
		Image:     pulumi.String(s.args.Config.Images.NFS),
		Resources: podspec.Resources(sizing.NFS),
		Args: pulumi.ToStringArray([]string{
			"-provisioner=" + provisioner,
			// The disk gets another device number on another machine; file handles must not depend on it.
			"-device-based-fsids=false",
			// Seconds after a restart in which clients reclaim their locks and nobody can open a file. There are few
			// clients.
			"-grace-period=15",
		}),
		Env: corev1.EnvVarArray{
			podspec.EnvFromField("POD_IP", "status.podIP"),
			podspec.EnvFromField("POD_NAMESPACE", "metadata.namespace"),
			podspec.Env("SERVICE_NAME", pulumi.String(App)),
		},
		Ports: corev1.ContainerPortArray{
			&corev1.ContainerPortArgs{Name: pulumi.String("nfs"), ContainerPort: pulumi.Int(nfsPort)},
		},
		StartupProbe:   podspec.Probe{Period: 2, Timeout: 3, Threshold: 60}.TCP(nfsPort),
		ReadinessProbe: probe.TCP(nfsPort),
		LivenessProbe:  probe.TCP(nfsPort),
		VolumeMounts:   corev1.VolumeMountArray{podspec.Mount("files", "/export")},
		// The server impersonates the owners of files, opens files by handle, and needs many open files: hence the
		// capabilities. rpcbind, mountd and statd listen below port 1024. statd drops the capabilities it does not use;
		// without SETPCAP it exits with an error, and the provisioner with it.
		SecurityContext: capable("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID",
			"NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID", "SYS_RESOURCE"),
	}
	template := &corev1.PodTemplateSpecArgs{
		Metadata: &metav1.ObjectMetaArgs{Labels: Labels(App)},
		Spec: &corev1.PodSpecArgs{
			ServiceAccountName:            account.Metadata.Name(),
			PriorityClassName:             s.args.Priority.Files,
			EnableServiceLinks:            pulumi.Bool(false),
			TerminationGracePeriodSeconds: pulumi.Int(30),
			SecurityContext: &corev1.PodSecurityContextArgs{
				SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
			},
			Affinity:       nearTheDisk(),
			InitContainers: corev1.ContainerArray{s.directories()},
			Containers:     corev1.ContainerArray{server},
			Volumes:        corev1.VolumeArray{podspec.FromClaim("files", s.DiskClaim)},
		},
	}
	if annotations := objectmeta.Unmoved(s.args.Config.Growth); annotations != nil {
		template.Metadata.(*metav1.ObjectMetaArgs).Annotations = annotations
	}
	s.Fingerprint = fingerprint.Of(template.ToPodTemplateSpecOutput())
	return appsv1.NewStatefulSet(ctx, s.name, &appsv1.StatefulSetArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(App),
			Namespace:   s.args.Namespace.Name,
			Labels:      objectmeta.Labels(App),
			Annotations: objectmeta.Annotations(),
		},
		Spec: &appsv1.StatefulSetSpecArgs{
			ServiceName: pulumi.String(App),
			Replicas:    pulumi.Int(1),
			// So that a corrected template reaches a broken pod: see voter in components/tidb.
			PodManagementPolicy: pulumi.String("Parallel"),
			Selector:            objectmeta.Selector(App),
			Template:            template,
		},
	}, s.args.Cluster.Object(s, pulumi.DependsOn(slices.Concat(s.ready, s.args.After))))
}

// directories creates Syncthing's directory on the disk. Syncthing's own pod cannot: it is not root, and it has no
// fsGroup for the disk, because the NFS server's state is on it.
func (s *Server) directories() *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:      pulumi.String("directories"),
		Image:     pulumi.String(s.args.Config.Images.Tools),
		Resources: podspec.Resources(sizing.Job),
		Command: pulumi.ToStringArray([]string{"sh", "-ec", fmt.Sprintf(
			"mkdir -p %[1]s; chown %[2]d:%[2]d %[1]s; chmod 0700 %[1]s", "/export/"+SyncthingDirectory, podspec.WWWData)}),
		VolumeMounts:    corev1.VolumeMountArray{podspec.Mount("files", "/export")},
		SecurityContext: asRoot("CHOWN", "DAC_OVERRIDE", "FOWNER"),
	}
}

// asRoot is capable for an image that has another user.
func asRoot(capabilities ...string) *corev1.SecurityContextArgs {
	security := capable(capabilities...)
	security.RunAsUser = pulumi.Int(0)
	return security
}

// capable limits a root container to the capabilities it needs.
func capable(capabilities ...string) *corev1.SecurityContextArgs {
	return &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		Capabilities: &corev1.CapabilitiesArgs{
			Drop: pulumi.ToStringArray([]string{"ALL"}),
			Add:  pulumi.ToStringArray(capabilities),
		},
	}
}

// policy opens the NFS port to clients, and the control plane to the server.
func (s *Server) policy(ctx *pulumi.Context) (pulumi.Resource, error) {
	return networkingv1.NewNetworkPolicy(ctx, s.name, networkpolicy.Of(App, s.args.Namespace.Name,
		networkingv1.NetworkPolicyIngressRuleArray{
			// The clients are the nodes, which mount for their pods. Dataplane V2 matches nodes by identity, not by
			// address, so no range would admit them. The VPC's firewalls keep this port closed to other clusters, and
			// every other pod of this cluster has no egress to it.
			&networkingv1.NetworkPolicyIngressRuleArgs{Ports: networkpolicy.TCP(nfsPort)},
		},
		networkingv1.NetworkPolicyEgressRuleArray{
			networkpolicy.To(networkpolicy.TCP(443),
				networkpolicy.Block(s.args.Region.Ranges.ControlPlane.String()),
				networkpolicy.Block(s.args.Region.Ranges.Services.String()),
			),
		},
	), s.args.Cluster.Object(s))
}
