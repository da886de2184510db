// Package wordpress declares a region's WordPress: the pods, the port that the load balancer calls, the cron, the
// template of a shell, and, if asked for, the installation of the site.
package wordpress

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/credentials"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/nfs"
	"geo-wordpress/components/priority"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the applications in the namespace: their pods' labels.
const (
	app     = "wordpress"
	cronApp = "wordpress-cron"
	// installApp's pods exist only when the configuration describes a site.
	installApp = "wordpress-install"
	// shellApp's pods exist only while somebody works in one.
	shellApp = "wordpress-cli"
)

// Args configure a region's WordPress.
type Args struct {
	Config      *config.Config
	Region      regions.Region
	Cluster     *cluster.Cluster
	Namespace   *namespace.Namespace
	Files       *nfs.Server
	Credentials *credentials.Credentials
	Authority   pulumi.StringInput // that vouches for the database, in PEM
	SiteURL     pulumi.StringInput
	// URLs are those that WordPress answers to as its own, while the site moves from one to another; empty for SiteURL alone.
	URLs pulumi.StringArrayInput
	// After must be ready before WordPress uses SiteURL.
	After    []pulumi.Resource
	Priority *priority.Classes
	// Database must be ready before WordPress starts.
	Database pulumi.Resource
}

// WordPress is one region's WordPress.
type WordPress struct {
	pulumi.ResourceState

	// Serves is the Deployment that the next region depends on. Pulumi waits until this region's pods are ready.
	Serves pulumi.Resource

	args   Args
	name   string
	config *corev1.ConfigMap
	secret *corev1.Secret
	ready  []pulumi.Resource // what must exist before a pod starts
}

// New declares WordPress.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*WordPress, error) {
	w := &WordPress{args: args, name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:wordpress:WordPress", name, w, opts...); err != nil {
		return nil, err
	}
	w.ready = append(w.ready, args.Namespace.Policies()...)
	w.ready = append(w.ready, args.Database)
	w.ready = append(w.ready, args.After...)
	steps := []func(*pulumi.Context) error{w.configuration, w.service, w.policies, w.deployment, w.cron, w.shell}
	if args.Config.Site != nil {
		steps = append(steps, w.install)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{})
}

// pod is the option of every object that starts pods.
func (w *WordPress) pod() pulumi.ResourceOption {
	return w.args.Cluster.Object(w, pulumi.DependsOn(w.ready))
}
