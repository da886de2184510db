package tidb

import (
	_ "embed"

	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// Certificates is the name of the Secret with the servers' certificate, in the database's namespace, and of its volume.
	Certificates = "database-tls"
	// The Secret's keys: the authority's certificate, the servers' own, and their key.
	authorityKey, certificateKey, privateKey = "ca.crt", "tls.crt", "tls.key"
	// certificatesPath is where pods mount the Secret.
	certificatesPath = "/etc/database-tls"
)

// callScript is the function call of the scripts that talk to PD.
//
//go:embed files/call.sh
var callScript string

// ServerNames are the names by which a region's servers are called, as in their certificate.
func ServerNames(config *config.Config, region regions.Region) []string {
	var names []string
	for _, service := range []string{PD, TiKV, TiDB} {
		names = append(names, regions.ServiceDNS(service, config.Namespaces.Database, region))
	}
	return append(names, "localhost") // for an operator in the pod
}

// certificate declares the Secret with the servers' certificate. Its name is fixed: a renewal changes the files in the running
// pods, and restarts none. It waits for the region before, so that the certificates too are renewed in one region at a time.
func (p *Part) certificate(ctx *pulumi.Context, after []pulumi.Resource) (err error) {
	p.tls, err = corev1.NewSecret(ctx, p.name+"-tls", &corev1.SecretArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(Certificates),
			Namespace:   p.args.Namespace.Name,
			Annotations: objectmeta.Annotations(),
		},
		Type: pulumi.String("kubernetes.io/tls"),
		StringData: pulumi.StringMap{
			authorityKey:   p.args.Authority,
			certificateKey: p.args.Certificate.Certificate,
			privateKey:     p.args.Certificate.Key,
		},
	}, p.args.Cluster.Object(p, pulumi.DependsOn(after)))
	p.ready = append(p.ready, p.tls)
	return err
}

// certificates is a volume of the Secret's keys, or of some of them.
func (p *Part) certificates(keys ...string) *corev1.VolumeArgs {
	volume := podspec.FromSecret(Certificates, pulumi.String(Certificates))
	if len(keys) > 0 {
		volume.Secret.(*corev1.SecretVolumeSourceArgs).Items = items(keys)
	}
	return volume
}

// mountCertificates mounts the Secret.
func mountCertificates() *corev1.VolumeMountArgs {
	return podspec.MountReadOnly(Certificates, certificatesPath)
}

// ifCertified is a volume of the Secret for a pod that may come before it, as a gate does. Such a pod asks nobody.
func ifCertified() *corev1.VolumeArgs {
	volume := podspec.FromSecret(Certificates, pulumi.String(Certificates))
	volume.Secret.(*corev1.SecretVolumeSourceArgs).Optional = pulumi.Bool(true)
	return volume
}

// items select keys of a ConfigMap or Secret, as files of the same names.
func items(keys []string) corev1.KeyToPathArray {
	all := corev1.KeyToPathArray{}
	for _, key := range keys {
		all = append(all, &corev1.KeyToPathArgs{Key: pulumi.String(key), Path: pulumi.String(key)})
	}
	return all
}
