// Package podspec holds what the components' pods share: security contexts, volumes, probes, network policies, and the
// field manager of every object.
package podspec

import (
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Container is a confined container with its requests and limits.
func Container(name, image string, size regions.Size) *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String(name),
		Image:           pulumi.String(image),
		Resources:       Resources(size),
		SecurityContext: Confined(),
	}
}

// Resources are a container's requests and limits.
func Resources(size regions.Size) *corev1.ResourceRequirementsArgs {
	return &corev1.ResourceRequirementsArgs{
		Requests: pulumi.StringMap{
			"cpu":    pulumi.String(size.CPURequest),
			"memory": pulumi.String(size.MemoryRequest),
		},
		Limits: pulumi.StringMap{
			"cpu":    pulumi.String(size.CPULimit),
			"memory": pulumi.String(size.MemoryLimit),
		},
	}
}

// User runs a pod as an unprivileged user, whose group owns the pod's volumes if their file system supports fsGroup.
func User(id int) *corev1.PodSecurityContextArgs {
	return &corev1.PodSecurityContextArgs{
		RunAsNonRoot: pulumi.Bool(true),
		RunAsUser:    pulumi.Int(id),
		RunAsGroup:   pulumi.Int(id),
		FsGroup:      pulumi.Int(id),
		// Do not change the owner of every file on a large disk at each start.
		FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
		SeccompProfile:      &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
}

// Confined is the container-level part of the restricted Pod Security Standard, with a read-only root file system.
func Confined() *corev1.SecurityContextArgs {
	return &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		Capabilities: &corev1.CapabilitiesArgs{
			Drop: pulumi.ToStringArray([]string{"ALL"}),
		},
	}
}

// Scratch is an emptyDir of at most size ("64Mi"), deleted with the pod.
func Scratch(name, size string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:     pulumi.String(name),
		EmptyDir: &corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(size)},
	}
}

// FromConfigMap is a volume of the ConfigMap's keys as files.
func FromConfigMap(name string, configMap pulumi.StringPtrInput) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:      pulumi.String(name),
		ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: configMap},
	}
}

// FromSecret is a volume of the secret's keys as files, readable by the pod's user and group only.
func FromSecret(name string, secret pulumi.StringPtrInput) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name: pulumi.String(name),
		Secret: &corev1.SecretVolumeSourceArgs{
			SecretName:  secret,
			DefaultMode: pulumi.Int(0o440),
		},
	}
}

// FromClaim is a volume of a PersistentVolumeClaim.
func FromClaim(name string, claim pulumi.StringInput) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:                  pulumi.String(name),
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: claim},
	}
}

// Mount mounts a volume at a path.
func Mount(volume, path string) *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path)}
}

// MountReadOnly mounts a volume at a path, read-only.
func MountReadOnly(volume, path string) *corev1.VolumeMountArgs {
	m := Mount(volume, path)
	m.ReadOnly = pulumi.Bool(true)
	return m
}

// MountFile mounts one key of a volume as a file at a path, read-only.
func MountFile(volume, key, path string) *corev1.VolumeMountArgs {
	m := MountReadOnly(volume, path)
	m.SubPath = pulumi.String(key)
	return m
}

// Env is an environment variable in plain text.
func Env(name string, value pulumi.StringInput) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{Name: pulumi.String(name), Value: value.ToStringOutput()}
}

// EnvFromSecret is an environment variable from the secret's key.
func EnvFromSecret(name string, secret pulumi.StringPtrInput, key string) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{
		Name: pulumi.String(name),
		ValueFrom: &corev1.EnvVarSourceArgs{
			SecretKeyRef: &corev1.SecretKeySelectorArgs{Name: secret, Key: pulumi.String(key)},
		},
	}
}

// Probe timings, in seconds; zero leaves Kubernetes' default (period 10, timeout 1, threshold 3).
type Probe struct {
	Period, Timeout, Threshold int
}

// HTTP probes a path of a port.
func (p Probe) HTTP(port int, path string) *corev1.ProbeArgs {
	a := p.timings()
	a.HttpGet = &corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.Int(port)}
	return a
}

// TCP probes that a port accepts connections.
func (p Probe) TCP(port int) *corev1.ProbeArgs {
	a := p.timings()
	a.TcpSocket = &corev1.TCPSocketActionArgs{Port: pulumi.Int(port)}
	return a
}

// Exec probes with a command in the container.
func (p Probe) Exec(command ...string) *corev1.ProbeArgs {
	a := p.timings()
	a.Exec = &corev1.ExecActionArgs{Command: pulumi.ToStringArray(command)}
	return a
}

func (p Probe) timings() *corev1.ProbeArgs {
	a := &corev1.ProbeArgs{}
	if p.Period > 0 {
		a.PeriodSeconds = pulumi.Int(p.Period)
	}
	if p.Timeout > 0 {
		a.TimeoutSeconds = pulumi.Int(p.Timeout)
	}
	if p.Threshold > 0 {
		a.FailureThreshold = pulumi.Int(p.Threshold)
	}
	return a
}

// EnvFromField is an environment variable from a field of the pod, such as status.podIP.
func EnvFromField(name, path string) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{
		Name: pulumi.String(name),
		ValueFrom: &corev1.EnvVarSourceArgs{
			FieldRef: &corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String(path)},
		},
	}
}

// Spread spreads a Deployment's pods over the nodes. It counts the pods of one revision only: counted together with the
// pods they replace, all new pods could land on one node.
func Spread(app string) corev1.TopologySpreadConstraintArray {
	return corev1.TopologySpreadConstraintArray{&corev1.TopologySpreadConstraintArgs{
		MaxSkew:           pulumi.Int(1),
		TopologyKey:       pulumi.String("kubernetes.io/hostname"),
		WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
		LabelSelector:     Selector(app),
		MatchLabelKeys:    pulumi.ToStringArray([]string{"pod-template-hash"}),
	}}
}
