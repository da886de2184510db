// Package restore declares the Jobs that make a new stack's site from a backup, before WordPress starts. docs/restore.md has
// the steps for operators.
package restore

import (
	_ "embed"
	"fmt"
	"slices"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/credentials"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/nfs"
	"geo-wordpress/components/priority"
	"geo-wordpress/components/project"
	"geo-wordpress/components/tidb"
	"geo-wordpress/components/workloadidentity"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/storage"
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// app is the label of the Jobs' pods.
	app = "restore"
	// deadlineSeconds is the time for one region's part.
	deadlineSeconds = 24 * 3600
)

var (
	//go:embed files/restore.php
	recordScript string
	//go:embed files/replace.php
	replaceScript string
	//go:embed files/fetch.sh
	fetchScript string
	//go:embed files/database.sh
	databaseScript string
	//go:embed files/files.sh
	filesScript string
)

// Args configure the restore. Config.Restore must be set.
type Args struct {
	Config      *config.Config
	Project     *project.Project
	Clusters    []*cluster.Cluster
	Credentials *credentials.Credentials
	Authority   pulumi.StringInput // that vouches for the database, in PEM
}

// Restore is what the regions' Jobs share.
type Restore struct {
	pulumi.ResourceState

	args     Args
	identity *workloadidentity.Identity
	role     pulumi.Resource
}

// New declares the account that reads the backup.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Restore, error) {
	r := &Restore{args: args}
	if err := ctx.RegisterComponentResource("geo-wordpress:restore:Restore", name, r, opts...); err != nil {
		return nil, err
	}
	var err error
	r.identity, err = workloadidentity.New(ctx, name, r, workloadidentity.Args{
		Purpose: "restore", Config: args.Config, Project: args.Project, Clusters: args.Clusters,
	})
	if err != nil {
		return nil, err
	}
	r.role, err = storage.NewBucketIAMMember(ctx, name, &storage.BucketIAMMemberArgs{
		Bucket: pulumi.String(args.Config.Restore.Bucket),
		Role:   pulumi.String("roles/storage.objectViewer"),
		Member: r.identity.Member,
	}, pulumi.Parent(r))
	if err != nil {
		return nil, err
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{})
}

// RegionArgs configure a region's Job.
type RegionArgs struct {
	Region    regions.Region
	Cluster   *cluster.Cluster
	Namespace *namespace.Namespace // WordPress's, which has the files
	Files     *nfs.Server
	Priority  *priority.Classes
	SiteURL   pulumi.StringInput
	// After must be ready before: the empty database, and the Job of the region before.
	After []pulumi.Resource
}

// In declares a region's Job. The first region's restores the database too. Each region unpacks the files itself, so that no
// region's WordPress finds an empty volume and puts its image's themes there. All Jobs come before any Syncthing and WordPress:
// until then, the files have the same content and times everywhere.
//
// A Job that runs again does nothing: a record in the database says which regions are done. With the last one, all are: a region
// that was lost meanwhile gets its files from the others, as an added one does.
func (r *Restore) In(ctx *pulumi.Context, name string, args RegionArgs) (pulumi.Resource, error) {
	needs, err := r.identity.Pod(ctx, name, r, workloadidentity.PodArgs{
		App: app, Region: args.Region, Cluster: args.Cluster, Namespace: args.Namespace, Files: args.Files, Priority: args.Priority,
		Scripts: map[string]string{
			"restore.php": recordScript, "replace.php": replaceScript, "fetch.sh": fetchScript, "database.sh": databaseScript,
			"files.sh": filesScript,
		},
		User: tidb.User, Password: r.args.Credentials.DatabaseWordPress, Authority: r.args.Authority,
	})
	if err != nil {
		return nil, err
	}
	annotations := objectmeta.Annotations()
	annotations["pulumi.com/replaceUnready"] = pulumi.String("true") // the next update goes on
	return batchv1.NewJob(ctx, name, &batchv1.JobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace:   args.Namespace.Name,
			Labels:      objectmeta.Labels(app),
			Annotations: annotations,
		},
		Spec: &batchv1.JobSpecArgs{
			BackoffLimit:          pulumi.Int(3),
			ActiveDeadlineSeconds: pulumi.Int(deadlineSeconds),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: objectmeta.Labels(app)},
				Spec:     r.pod(args, needs),
			},
		},
	}, args.Cluster.Object(r, pulumi.DependsOn(append(slices.Concat(needs.Ready, args.After), r.role)),
		// Longer than the Job's own deadline, whose error says more than the provider's timeout.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: fmt.Sprintf("%ds", deadlineSeconds+300)})))
}
