package monitoring

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/tidb"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Google recommends 30 seconds or more; each sample costs.
const (
	interval = "30s"
	timeout  = "10s"
)

// RegionArgs configure what is collected in a region. Its cluster must have managed collection.
type RegionArgs struct {
	Cluster                    *cluster.Cluster
	Database, Files, WordPress *namespace.Namespace
}

// Collection is what is collected in a region.
type Collection struct {
	pulumi.ResourceState

	// Objects are the declarations.
	Objects []pulumi.Resource

	args RegionArgs
	name string
}

// NewCollection declares what GKE's managed collection of metrics collects in a region. Its collectors run on every machine;
// they find the pods by the PodMonitoring objects, and the pods' network policies admit them.
func NewCollection(ctx *pulumi.Context, name string, args RegionArgs, opts ...pulumi.ResourceOption) (*Collection, error) {
	c := &Collection{args: args, name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:monitoring:Collection", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.readSecret(ctx); err != nil {
		return nil, err
	}
	for _, in := range []struct {
		namespace *namespace.Namespace
		targets   []target
		tls       bool
	}{
		{args.Database, databaseTargets, true},
		{args.Files, filesTargets, false},
		{args.WordPress, wordpressTargets, false},
	} {
		for _, t := range in.targets {
			if err := c.podMonitoring(ctx, in.namespace, t, in.tls); err != nil {
				return nil, err
			}
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// podMonitoring declares one target, which may want a certificate: https://github.com/GoogleCloudPlatform/prometheus-engine/blob/main/doc/api.md.
func (c *Collection) podMonitoring(ctx *pulumi.Context, in *namespace.Namespace, t target, tls bool) error {
	endpoint := pulumi.Map{
		"port":     pulumi.Int(t.Port),
		"path":     pulumi.String(t.Path),
		"interval": pulumi.String(interval),
		"timeout":  pulumi.String(timeout),
		"metricRelabeling": pulumi.Array{pulumi.Map{
			"sourceLabels": pulumi.ToStringArray([]string{"__name__"}),
			"regex":        pulumi.String(t.kept()),
			"action":       pulumi.String("keep"),
		}},
	}
	if tls {
		endpoint["scheme"] = pulumi.String("https")
		endpoint["tls"] = pulumi.Map{
			// The collectors call addresses, and every server's certificate also has this name.
			"serverName": pulumi.String("localhost"),
			"ca":         certificate("ca.crt"),
			"cert":       certificate("tls.crt"),
			"key":        certificate("tls.key"),
		}
	}
	object, err := apiextensions.NewCustomResource(ctx, c.name+"-"+t.App, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String("monitoring.googleapis.com/v1"),
		Kind:       pulumi.String("PodMonitoring"),
		Metadata:   &metav1.ObjectMetaArgs{Name: pulumi.String(t.App), Namespace: in.Name, Annotations: objectmeta.Annotations()},
		OtherFields: kubernetes.UntypedArgs{"spec": pulumi.Map{
			"selector":  pulumi.Map{"matchLabels": pulumi.StringMap{objectmeta.Label: pulumi.String(t.App)}},
			"endpoints": pulumi.Array{endpoint},
			// Without it each series has the names of the pod's owner besides.
			"targetLabels": pulumi.Map{"metadata": pulumi.ToStringArray([]string{"pod"})},
		}},
	}, c.args.Cluster.Object(c))
	c.Objects = append(c.Objects, object)
	return err
}

// certificate selects a key of the Secret of the database's servers.
func certificate(key string) pulumi.Map {
	return pulumi.Map{"secret": pulumi.Map{"name": pulumi.String(tidb.Certificates), "key": pulumi.String(key)}}
}

// readSecret lets the collectors read that one Secret. They may read none by themselves.
func (c *Collection) readSecret(ctx *pulumi.Context) error {
	metadata := &metav1.ObjectMetaArgs{
		Name: pulumi.String("collector"), Namespace: c.args.Database.Name, Annotations: objectmeta.Annotations(),
	}
	role, err := rbacv1.NewRole(ctx, c.name, &rbacv1.RoleArgs{
		Metadata: metadata,
		Rules: rbacv1.PolicyRuleArray{&rbacv1.PolicyRuleArgs{
			ApiGroups:     pulumi.ToStringArray([]string{""}),
			Resources:     pulumi.ToStringArray([]string{"secrets"}),
			ResourceNames: pulumi.ToStringArray([]string{tidb.Certificates}),
			Verbs:         pulumi.ToStringArray([]string{"get", "list", "watch"}),
		}},
	}, c.args.Cluster.Object(c))
	if err != nil {
		return err
	}
	_, err = rbacv1.NewRoleBinding(ctx, c.name, &rbacv1.RoleBindingArgs{
		Metadata: metadata,
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("Role"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: rbacv1.SubjectArray{&rbacv1.SubjectArgs{
			Kind: pulumi.String("ServiceAccount"), Name: pulumi.String("collector"), Namespace: pulumi.String("gmp-system"),
		}},
	}, c.args.Cluster.Object(c))
	return err
}
