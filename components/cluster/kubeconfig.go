package cluster

import (
	"encoding/json"

	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Kubeconfig gives access to one cluster. It holds no credential: gke-gcloud-auth-plugin fetches one at each use, so it
// does not expire and puts no credential into the state.
type Kubeconfig struct {
	region regions.Region
	// useADC makes the plugin use application default credentials, as Pulumi does, instead of gcloud's login.
	useADC   bool
	endpoint pulumi.StringOutput
	ca       pulumi.StringOutput
}

func newKubeconfig(args Args, control *container.Cluster) Kubeconfig {
	return Kubeconfig{
		region:   args.Region,
		useADC:   args.Config.ApplicationDefaultCredentials,
		endpoint: control.Endpoint,
		ca:       control.MasterAuth.ClusterCaCertificate().Elem(),
	}
}

// File is a kubeconfig for this cluster alone, a secret.
func (k Kubeconfig) File() pulumi.StringOutput { return MergeKubeconfigs([]Kubeconfig{k}) }

// MergeKubeconfigs makes one kubeconfig, a secret, with a context per region, named after it. The first region's
// context is current. (The file is JSON, which is valid YAML.)
func MergeKubeconfigs(all []Kubeconfig) pulumi.StringOutput {
	var values []interface{}
	for _, k := range all {
		values = append(values, k.endpoint, k.ca)
	}
	file := pulumi.All(values...).ApplyT(func(values []interface{}) (string, error) {
		config := kubeconfigFile{APIVersion: "v1", Kind: "Config", CurrentContext: all[0].region.Name}
		for i, k := range all {
			config.add(k.region.Name, values[2*i].(string), values[2*i+1].(string), k.useADC)
		}
		text, err := json.MarshalIndent(config, "", "  ")
		return string(text) + "\n", err
	}).(pulumi.StringOutput)
	return pulumi.ToSecret(file).(pulumi.StringOutput)
}

// kubeconfigFile is the part of https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ that is used here.
type kubeconfigFile struct {
	APIVersion     string         `json:"apiVersion"`
	Kind           string         `json:"kind"`
	CurrentContext string         `json:"current-context"`
	Clusters       []namedCluster `json:"clusters"`
	Contexts       []namedContext `json:"contexts"`
	Users          []namedUser    `json:"users"`
}

type namedCluster struct {
	Name    string `json:"name"`
	Cluster struct {
		Server string `json:"server"`
		CA     string `json:"certificate-authority-data"`
	} `json:"cluster"`
}

type namedContext struct {
	Name    string `json:"name"`
	Context struct {
		Cluster string `json:"cluster"`
		User    string `json:"user"`
	} `json:"context"`
}

type namedUser struct {
	Name string `json:"name"`
	User struct {
		Exec execConfig `json:"exec"`
	} `json:"user"`
}

type execConfig struct {
	APIVersion         string   `json:"apiVersion"`
	Command            string   `json:"command"`
	Args               []string `json:"args,omitempty"`
	InstallHint        string   `json:"installHint"`
	InteractiveMode    string   `json:"interactiveMode"`
	ProvideClusterInfo bool     `json:"provideClusterInfo"`
}

func (f *kubeconfigFile) add(name, endpoint, ca string, useADC bool) {
	c := namedCluster{Name: name}
	c.Cluster.Server = "https://" + endpoint
	c.Cluster.CA = ca

	x := namedContext{Name: name}
	x.Context.Cluster = name
	x.Context.User = name

	u := namedUser{Name: name}
	u.User.Exec = execConfig{
		APIVersion: "client.authentication.k8s.io/v1beta1",
		Command:    "gke-gcloud-auth-plugin",
		InstallHint: "Install it with: gcloud components install gke-gcloud-auth-plugin " +
			"(https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl)",
		InteractiveMode:    "Never",
		ProvideClusterInfo: true,
	}
	if useADC {
		u.User.Exec.Args = []string{"--use_application_default_credentials"}
	}

	f.Clusters = append(f.Clusters, c)
	f.Contexts = append(f.Contexts, x)
	f.Users = append(f.Users, u)
}
