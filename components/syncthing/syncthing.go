// Package syncthing declares a region's Syncthing, which keeps WordPress's files the same in all regions.
//
// It runs on the NFS server's node and watches the directory behind the export on the disk itself: an NFS client does
// not see other clients' writes.
package syncthing

import (
	_ "embed"
	"fmt"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/nfs"
	"geo-wordpress/components/priority"
	"geo-wordpress/config"
	"geo-wordpress/ports"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// app is the name of the Deployment, of its Service, and its pods' label.
const app = "syncthing"

const (
	configPath = "/var/syncthing/config"
	indexPath  = "/var/syncthing/index"
	// Not directly below the root: there Syncthing 1.29.5 gets no events on the folder itself, which housekeeping needs.
	dataPath = "/var/syncthing/wp-content"

	// versionsPath holds old versions of files. It is a directory beside the index, on the files' disk: outside of the
	// folder, so that it is neither synchronised nor served, and neither WordPress nor a copy of its files sees it.
	versionsPath      = "/var/syncthing/versions"
	versionsDirectory = nfs.SyncthingDirectory + "/versions"

	keepCommand = "sh " + configPath + "/keep.sh " + versionsPath + " %FOLDER_PATH% %FILE_PATH%"

	guiAddress = "127.0.0.1:8384"
)

var listenAddress = fmt.Sprintf("tcp://0.0.0.0:%d", ports.Syncthing)

//go:embed files/stignore
var ignorePatterns string

//go:embed files/keep.sh
var keepScript string

//go:embed files/undo.sh
var undoScript string

//go:embed files/housekeeping.sh
var housekeepingScript string

// Args configure a region's Syncthing.
type Args struct {
	Config     *config.Config
	Region     regions.Region
	Cluster    *cluster.Cluster
	Namespace  *namespace.Namespace // the file server's: the two share its disk
	Files      *nfs.Server
	Priority   *priority.Classes
	Identities map[string]*Identity // by region name, including this region's
	// After must be ready before the daemon starts.
	After []pulumi.Resource
}

// Syncthing is one region's Syncthing.
type Syncthing struct {
	pulumi.ResourceState

	// Runs is the Deployment.
	Runs pulumi.Resource

	args   Args
	name   string
	secret *corev1.Secret
	ready  []pulumi.Resource // what must exist before the pod starts
}

// New declares Syncthing.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Syncthing, error) {
	s := &Syncthing{args: args, name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:syncthing:Syncthing", name, s, opts...); err != nil {
		return nil, err
	}
	s.ready = append(s.ready, args.Namespace.Policies()...)
	s.ready = append(s.ready, args.After...)
	for _, step := range []func(*pulumi.Context) error{s.configuration, s.network, s.deployment} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

// peerAddress is the address of a region's Syncthing for its peers.
func peerAddress(config *config.Config, region regions.Region) string {
	return fmt.Sprintf("tcp://%s:%d", regions.ServiceDNS(app, config.Namespaces.Files, region), ports.Syncthing)
}

// configuration declares the secret that holds the daemon's config, identity and ignore patterns. It is auto-named: a
// change creates a new secret, whose new name restarts the daemon.
func (s *Syncthing) configuration(ctx *pulumi.Context) error {
	self := s.args.Identities[s.args.Region.Name]
	inputs := []interface{}{self.APIKey}
	for _, region := range s.args.Config.Regions {
		inputs = append(inputs, s.args.Identities[region.Name].DeviceID)
	}
	config := pulumi.All(inputs...).ApplyT(func(values []interface{}) (string, error) {
		ids := map[string]string{}
		for i, region := range s.args.Config.Regions {
			ids[region.Name] = values[i+1].(string)
		}
		return render(s.args.Config, s.args.Region, ids, values[0].(string))
	}).(pulumi.StringOutput)

	var err error
	s.secret, err = corev1.NewSecret(ctx, s.name, &corev1.SecretArgs{
		Metadata: &metav1.ObjectMetaArgs{Namespace: s.args.Namespace.Name, Annotations: objectmeta.Annotations()},
		StringData: pulumi.StringMap{
			"config.xml": config,
			"cert.pem":   self.Certificate,
			"key.pem":    self.Key,
			"stignore":   pulumi.String(ignorePatterns),
			"keep.sh":    pulumi.String(keepScript),
			"undo.sh":    pulumi.String(undoScript),
		},
	}, s.args.Cluster.Object(s))
	return err
}

// network declares the Service by which the other regions find this one, and the policy that admits them.
func (s *Syncthing) network(ctx *pulumi.Context) error {
	service, err := corev1.NewService(ctx, s.name, &corev1.ServiceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(app),
			Namespace:   s.args.Namespace.Name,
			Annotations: objectmeta.Unawaited(),
		},
		Spec: &corev1.ServiceSpecArgs{
			Type:                     pulumi.String("ClusterIP"),
			ClusterIP:                pulumi.String("None"), // headless: it resolves to the pod, in every region
			PublishNotReadyAddresses: pulumi.Bool(true),
			Selector:                 pulumi.StringMap{objectmeta.Label: pulumi.String(app)},
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name:     pulumi.String("sync"),
				Port:     pulumi.Int(ports.Syncthing),
				Protocol: pulumi.String("TCP"),
			}},
		},
	}, s.args.Cluster.Object(s))
	if err != nil {
		return err
	}
	remote := networkpolicy.RemotePods(regions.Peers(s.args.Config.Regions, s.args.Region))
	port := networkpolicy.TCP(ports.Syncthing)
	ingress := networkingv1.NetworkPolicyIngressRuleArray{networkpolicy.From(port, remote...)}
	if s.args.Config.Monitoring != nil {
		ingress = append(ingress, networkpolicy.From(networkpolicy.TCP(ports.SyncthingMetrics), networkpolicy.Collectors()...))
	}
	policy, err := networkingv1.NewNetworkPolicy(ctx, s.name, networkpolicy.Of(app, s.args.Namespace.Name, ingress,
		networkingv1.NetworkPolicyEgressRuleArray{networkpolicy.To(port, remote...)},
	), s.args.Cluster.Object(s))
	s.ready = append(s.ready, service, policy)
	return err
}
