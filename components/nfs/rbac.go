package nfs

import (
	"geo-wordpress/components/internal/objectmeta"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// account declares the provisioner's service account. It may serve claims anywhere in the cluster, and read its own
// Service and Endpoints.
func (s *Server) account(ctx *pulumi.Context) (*corev1.ServiceAccount, error) {
	account, err := corev1.NewServiceAccount(ctx, s.name, &corev1.ServiceAccountArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(App),
			Namespace:   s.args.Namespace.Name,
			Annotations: objectmeta.Annotations(),
		},
	}, s.args.Cluster.Object(s))
	if err != nil {
		return nil, err
	}
	subjects := rbacv1.SubjectArray{&rbacv1.SubjectArgs{
		Kind:      pulumi.String("ServiceAccount"),
		Name:      account.Metadata.Name().Elem(),
		Namespace: s.args.Namespace.Name.ToStringPtrOutput(),
	}}
	if err := s.clusterRole(ctx, subjects); err != nil {
		return nil, err
	}
	err = s.role(ctx, s.name, s.args.Namespace.Name, subjects,
		rule("", "services", "get"),
		rule("", "endpoints", "get"))
	if err != nil {
		return nil, err
	}
	// Not in the cluster role: an update of the claim on a disk could enlarge the disk.
	err = s.role(ctx, s.name+"-claims", s.args.ClaimNamespace.Name, subjects,
		rule("", "persistentvolumeclaims", "update"))
	if err != nil {
		return nil, err
	}
	return account, nil
}

func (s *Server) clusterRole(ctx *pulumi.Context, subjects rbacv1.SubjectArray) error {
	role, err := rbacv1.NewClusterRole(ctx, s.name, &rbacv1.ClusterRoleArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(className), Annotations: objectmeta.Annotations()},
		Rules: rbacv1.PolicyRuleArray{
			rule("", "persistentvolumes", "get", "list", "watch", "create", "delete"),
			rule("", "persistentvolumeclaims", "get", "list", "watch"),
			rule("storage.k8s.io", "storageclasses", "get", "list", "watch"),
			rule("", "events", "list", "watch", "create", "update", "patch"),
		},
	}, s.args.Cluster.Object(s))
	if err != nil {
		return err
	}
	binding, err := rbacv1.NewClusterRoleBinding(ctx, s.name, &rbacv1.ClusterRoleBindingArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(className), Annotations: objectmeta.Annotations()},
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("ClusterRole"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: subjects,
	}, s.args.Cluster.Object(s))
	s.ready = append(s.ready, binding)
	return err
}

// role gives the server rights in one namespace.
func (s *Server) role(ctx *pulumi.Context, name string, namespace pulumi.StringOutput, subjects rbacv1.SubjectArray,
	rules ...rbacv1.PolicyRuleInput,
) error {
	metadata := &metav1.ObjectMetaArgs{
		Name:        pulumi.String(App),
		Namespace:   namespace,
		Annotations: objectmeta.Annotations(),
	}
	role, err := rbacv1.NewRole(ctx, name, &rbacv1.RoleArgs{
		Metadata: metadata,
		Rules:    rbacv1.PolicyRuleArray(rules),
	}, s.args.Cluster.Object(s))
	if err != nil {
		return err
	}
	binding, err := rbacv1.NewRoleBinding(ctx, name, &rbacv1.RoleBindingArgs{
		Metadata: metadata,
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("Role"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: subjects,
	}, s.args.Cluster.Object(s))
	s.ready = append(s.ready, binding)
	return err
}

func rule(group, resource string, verbs ...string) *rbacv1.PolicyRuleArgs {
	return &rbacv1.PolicyRuleArgs{
		ApiGroups: pulumi.ToStringArray([]string{group}),
		Resources: pulumi.ToStringArray([]string{resource}),
		Verbs:     pulumi.ToStringArray(verbs),
	}
}
