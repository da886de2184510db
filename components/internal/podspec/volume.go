package podspec

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Scratch is an emptyDir, deleted with the pod. The kubelet evicts a pod that fills it beyond size ("64Mi").
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

// FromSecret is a volume of the secret's keys as files, readable by root and the pod's fsGroup only.
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
