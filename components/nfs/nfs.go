// Package nfs declares a region's file server: the NFS provisioner on a disk of its own, and the volume that
// WordPress's pods of the region share through it.
package nfs

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/priority"
	"geo-wordpress/components/storage"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// App is the label of the server's pod.
	App = "nfs"
	// provisioner is the name by which the StorageClass refers to the server.
	provisioner = "geo-wordpress/nfs"
	// className is the StorageClass.
	className = "geo-wordpress-nfs"
	// ClaimName is the claim for wp-content, in WordPress's namespace.
	ClaimName = "wp-content"
	// DiskClaim is the claim on the disk itself, in the server's namespace.
	DiskClaim = "files"
	// SyncthingDirectory holds Syncthing's index. It is on the data's disk, so that both are lost together or not at
	// all: an index without its data would delete the files in every region.
	SyncthingDirectory = "syncthing"
)

// Args configure a region's file server.
type Args struct {
	Config         *config.Config
	Region         regions.Region
	Cluster        *cluster.Cluster
	Namespace      *namespace.Namespace // the server's, which must allow privileged pods
	ClaimNamespace *namespace.Namespace // WordPress's
	Storage        *storage.Storage
	Priority       *priority.Classes
	// After is what the server depends on: all machines, and the site of the previous region.
	After []pulumi.Resource
}

// Server is one region's file server.
type Server struct {
	pulumi.ResourceState

	// Volume is the name of the volume behind the shared claim, and of its directory on the disk, known once the
	// server has provisioned it.
	Volume pulumi.StringOutput
	// Claim is the shared claim's name, in WordPress's namespace.
	Claim pulumi.StringOutput
	// DiskClaim is the name of the claim on the disk, in the server's namespace.
	DiskClaim pulumi.StringOutput
	// Fingerprint changes when the server's pod template does.
	Fingerprint pulumi.StringOutput

	args  Args
	name  string
	disk  *corev1.PersistentVolumeClaim
	ready []pulumi.Resource // what must exist before the server starts
}

// New declares the file server and the claim it serves.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Server, error) {
	s := &Server{args: args, name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:nfs:Server", name, s, opts...); err != nil {
		return nil, err
	}
	s.ready = append(s.ready, args.Namespace.Policies()...)
	disk, err := args.Storage.Files.Claim(ctx, name, args.Cluster, s, storage.ClaimArgs{
		Namespace: args.Namespace.Name,
		Claim:     DiskClaim,
	})
	if err != nil {
		return nil, err
	}
	s.disk = disk
	s.DiskClaim = disk.Metadata.Name().Elem()

	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.network(ctx); err != nil {
		return nil, err
	}
	server, err := s.server(ctx, account)
	if err != nil {
		return nil, err
	}
	if err := s.sharedClaim(ctx, server); err != nil {
		return nil, err
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"volume": s.Volume})
}

// sharedClaim declares the volume for wp-content. It depends on the server, because it binds only when the server runs.
func (s *Server) sharedClaim(ctx *pulumi.Context, server pulumi.Resource) error {
	class, err := storagev1.NewStorageClass(ctx, s.name, &storagev1.StorageClassArgs{
		Metadata:          &metav1.ObjectMetaArgs{Name: pulumi.String(className), Annotations: objectmeta.Annotations()},
		Provisioner:       pulumi.String(provisioner),
		ReclaimPolicy:     pulumi.String("Retain"), // deleting the claim must not delete the site's files
		VolumeBindingMode: pulumi.String("Immediate"),
		// Cache attributes for a few seconds at most: the clients do not see Syncthing's writes.
		MountOptions: pulumi.ToStringArray([]string{
			"vers=4.1", "hard", "noatime", "acregmin=1", "acregmax=3", "acdirmin=1", "acdirmax=3", "lookupcache=positive",
		}),
	}, s.args.Cluster.Object(s))
	if err != nil {
		return err
	}
	claim, err := corev1.NewPersistentVolumeClaim(ctx, s.name+"-"+ClaimName, &corev1.PersistentVolumeClaimArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(ClaimName),
			Namespace:   s.args.ClaimNamespace.Name,
			Annotations: objectmeta.UntilBound(),
		},
		Spec: &corev1.PersistentVolumeClaimSpecArgs{
			AccessModes:      pulumi.ToStringArray([]string{"ReadWriteMany"}),
			StorageClassName: class.Metadata.Name(),
			VolumeMode:       pulumi.String("Filesystem"),
			// The provisioner enforces no quota, but refuses a new claim larger than the free space. Half the disk
			// leaves room for the file system itself, the index, and the server's own state.
			Resources: &corev1.VolumeResourceRequirementsArgs{Requests: pulumi.StringMap{
				"storage": pulumi.Sprintf("%dGi", s.args.Config.Disks.Files/2),
			}},
		},
	}, s.args.Cluster.Object(s, pulumi.DependsOn([]pulumi.Resource{server})),
		// The provisioner cannot enlarge a claim, and need not: clients see the size of the disk's file system, whatever
		// the claim says.
		pulumi.IgnoreChanges([]string{"spec.resources.requests.storage"}))
	if err != nil {
		return err
	}
	s.Claim = claim.Metadata.Name().Elem()
	s.Volume = claim.Spec.VolumeName().Elem()
	return nil
}

// network declares the server's Service and opens the port that clients use. The Service has exactly the twelve ports
// that the provisioner checks for before it provisions anything.
func (s *Server) network(ctx *pulumi.Context) error {
	ports := corev1.ServicePortArray{}
	for _, p := range []struct {
		name string
		port int
	}{{"nfs", nfsPort}, {"nlockmgr", 32803}, {"mountd", 20048}, {"rquotad", 875}, {"rpcbind", 111}, {"statd", 662}} {
		for _, protocol := range []string{"TCP", "UDP"} {
			name := p.name
			if protocol == "UDP" {
				name += "-udp"
			}
			ports = append(ports, &corev1.ServicePortArgs{
				Name:     pulumi.String(name),
				Port:     pulumi.Int(p.port),
				Protocol: pulumi.String(protocol),
			})
		}
	}
	service, err := corev1.NewService(ctx, s.name, &corev1.ServiceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(App),
			Namespace:   s.args.Namespace.Name,
			Annotations: objectmeta.Unawaited(),
		},
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"), // volumes hold the server's address, so it must not change
			Selector: pulumi.StringMap{objectmeta.Label: pulumi.String(App)},
			Ports:    ports,
		},
	}, s.args.Cluster.Object(s))
	if err != nil {
		return err
	}
	policy, err := s.policy(ctx)
	s.ready = append(s.ready, service, policy)
	return err
}
