package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const missingKubeconfig = "kubeconfig is not set: give the provider the kubeconfig of its cluster, as content or as a " +
	"path (the published provider would fall back to $KUBECONFIG or ~/.kube/config, which here would be some other " +
	"cluster's)"

// settings are a provider's inputs, read.
type settings struct {
	kubeconfig        *clientcmdapi.Config // nil when not set or not known yet
	context           string
	kubeconfigCluster string
	namespace         string // for namespaced objects that name none

	configMapMutable, secretMutable          bool
	deleteUnreachable, skipUpdateUnreachable bool
	suppressDeprecationWarnings              bool

	qps     float32
	burst   int
	timeout time.Duration // of a request; 0 is none
}

// The published provider's limits, which are client-go's tenfold: it has many objects in flight.
const (
	defaultQPS   = 50
	defaultBurst = 120
)

// inputReader reads one property each; what it cannot read it reports as a failure of that property.
type inputReader struct {
	inputs   resource.PropertyMap
	failures []plugin.CheckFailure
}

func (r *inputReader) fail(key, format string, a ...any) {
	r.failures = append(r.failures, plugin.CheckFailure{
		Property: resource.PropertyKey(key), Reason: fmt.Sprintf(format, a...),
	})
}

// get returns a property that is set and known.
func (r *inputReader) get(key string) (resource.PropertyValue, bool) {
	v := bare(r.inputs[resource.PropertyKey(key)])
	return v, v.HasValue() && !v.ContainsUnknowns()
}

func (r *inputReader) text(key string) string {
	v, ok := r.get(key)
	if !ok {
		return ""
	}
	if !v.IsString() {
		r.fail(key, "%s is %s, not a string", key, v.TypeString())
		return ""
	}
	return v.StringValue()
}

// flag takes a boolean or, as configuration has it, its text.
func (r *inputReader) flag(key string, otherwise bool) bool {
	v, ok := r.get(key)
	switch {
	case !ok, v.IsString() && v.StringValue() == "":
		return otherwise
	case v.IsBool():
		return v.BoolValue()
	case v.IsString() && (v.StringValue() == "true" || v.StringValue() == "false"):
		return v.StringValue() == "true"
	}
	r.fail(key, "%s is neither true nor false", key)
	return otherwise
}

// settingKeys are the inputs that a provider may have; the engine adds those of the last line.
var settingKeys = []resource.PropertyKey{
	"kubeconfig", "context", "cluster", "namespace", "clusterIdentifier",
	"enableServerSideApply", "enableConfigMapMutable", "enableSecretMutable",
	"deleteUnreachable", "skipUpdateUnreachable", "suppressDeprecationWarnings", "suppressHelmHookWarnings",
	"kubeClientSettings", "helmReleaseSettings", "renderYamlToDirectory",
	"version", "pluginDownloadURL", "pluginChecksums", "__internal",
}

// parseSettings reads the inputs; unknown values count as not set. Every mistake is reported.
func parseSettings(inputs resource.PropertyMap) (settings, []plugin.CheckFailure) {
	r := &inputReader{inputs: inputs}
	for _, key := range inputs.StableKeys() {
		if !slices.Contains(settingKeys, key) {
			r.fail(string(key), "%s is no option of the kubernetes provider; those are %s", key,
				joinKeys(settingKeys[:len(settingKeys)-4]))
		}
	}
	s := settings{
		context:                     r.text("context"),
		kubeconfigCluster:           r.text("cluster"),
		namespace:                   r.text("namespace"),
		configMapMutable:            r.flag("enableConfigMapMutable", false),
		secretMutable:               r.flag("enableSecretMutable", false),
		deleteUnreachable:           r.flag("deleteUnreachable", false),
		skipUpdateUnreachable:       r.flag("skipUpdateUnreachable", false),
		suppressDeprecationWarnings: r.flag("suppressDeprecationWarnings", false),
	}
	r.text("clusterIdentifier")
	r.flag("suppressHelmHookWarnings", false)
	if !r.flag("enableServerSideApply", true) {
		r.fail("enableServerSideApply", "enableServerSideApply is false: the local cloud's kubernetes provider applies "+
			"on the server side only; leave the option out")
	}
	if r.text("renderYamlToDirectory") != "" {
		r.fail("renderYamlToDirectory", "renderYamlToDirectory is set: the local cloud's kubernetes provider renders no "+
			"YAML; leave the option out, or use the published provider")
	}
	if _, ok := r.get("helmReleaseSettings"); ok {
		r.fail("helmReleaseSettings", "helmReleaseSettings is set: the local cloud's kubernetes provider knows no Helm; "+
			"leave the option out, or use the published provider")
	}
	s.readClientSettings(r)
	if v, ok := r.get("kubeconfig"); ok {
		config, err := parseKubeconfig(v)
		if err != nil {
			r.fail("kubeconfig", "%s", err)
		}
		s.kubeconfig = config
	}
	if s.kubeconfig != nil {
		if _, _, err := s.clientConfig(); err != nil {
			r.fail("kubeconfig", "%s", err)
		}
	}
	return s, r.failures
}

// readClientSettings takes an object or its JSON, as configuration has it: {"qps": 50, "burst": 120, "timeout": 30}.
func (s *settings) readClientSettings(r *inputReader) {
	const key = "kubeClientSettings"
	s.qps, s.burst = defaultQPS, defaultBurst
	v, ok := r.get(key)
	if !ok {
		return
	}
	if v.IsString() {
		var object map[string]any
		if err := json.Unmarshal([]byte(v.StringValue()), &object); err != nil {
			r.fail(key, "%s is no JSON object: %s", key, err)
			return
		}
		v = resource.NewPropertyValue(object)
	}
	if !v.IsObject() {
		r.fail(key, "%s is %s, not an object of qps, burst and timeout", key, v.TypeString())
		return
	}
	for _, name := range v.ObjectValue().StableKeys() {
		n := bare(v.ObjectValue()[name])
		if n.IsNull() {
			continue
		}
		if !n.IsNumber() || n.NumberValue() <= 0 || n.NumberValue() > math.MaxInt32 {
			r.fail(key, "%s.%s is not a positive number", key, name)
			continue
		}
		switch name {
		case "qps":
			s.qps = float32(n.NumberValue())
		case "burst":
			s.burst = int(n.NumberValue())
		case "timeout":
			s.timeout = time.Duration(n.NumberValue() * float64(time.Second))
		default:
			r.fail(key, "%s.%s is no setting; those are qps, burst and timeout (seconds)", key, name)
		}
	}
}

// parseKubeconfig reads a kubeconfig: its YAML or JSON, an object, or the path of a file. Errors quote nothing of it.
func parseKubeconfig(v resource.PropertyValue) (*clientcmdapi.Config, error) {
	var content []byte
	switch {
	case v.IsObject():
		object, err := toObject(v.ObjectValue())
		if err != nil {
			return nil, fmt.Errorf("kubeconfig: %w", err)
		}
		if content, err = json.Marshal(object); err != nil {
			return nil, fmt.Errorf("kubeconfig: %w", err)
		}
	case v.IsString():
		content = []byte(v.StringValue())
		if path := strings.TrimSpace(v.StringValue()); path != "" && !strings.ContainsAny(path, "\n{") {
			read, err := os.ReadFile(expandHome(path))
			if err != nil && filepath.IsAbs(expandHome(path)) {
				return nil, fmt.Errorf("kubeconfig is a path, but that cannot be read: %w", err)
			}
			if err != nil { // It may be anything, a credential even.
				return nil, errors.New("kubeconfig is neither a kubeconfig nor the path of a file that can be read")
			}
			content = read
		}
	default:
		return nil, fmt.Errorf("kubeconfig is %s; it is to be a kubeconfig's content, or a path", v.TypeString())
	}
	if len(strings.TrimSpace(string(content))) == 0 {
		return nil, nil
	}
	config, err := clientcmd.Load(content)
	if err != nil || len(config.Clusters) == 0 {
		// The parser's own message may quote a line, and a line may be a credential.
		return nil, fmt.Errorf("kubeconfig is neither a kubeconfig with at least one cluster, as YAML or JSON, nor the " +
			"path of one")
	}
	return config, nil
}

func expandHome(path string) string {
	if home, err := os.UserHomeDir(); err == nil && (path == "~" || strings.HasPrefix(path, "~/")) {
		return filepath.Join(home, strings.TrimPrefix(path, "~"))
	}
	return path
}

// clientConfig applies the overrides to the kubeconfig, and returns the namespace for objects that name none. The
// credential plugins that it names run when a request needs them, found by this process' PATH.
func (s settings) clientConfig() (*rest.Config, string, error) {
	client := clientcmd.NewDefaultClientConfig(*s.kubeconfig, &clientcmd.ConfigOverrides{
		CurrentContext: s.context,
		Context:        clientcmdapi.Context{Cluster: s.kubeconfigCluster, Namespace: s.namespace},
	})
	config, err := client.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("the kubeconfig does not say how to reach a cluster: %w", err)
	}
	namespace, _, err := client.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("the kubeconfig's namespace: %w", err)
	}
	config.QPS, config.Burst, config.Timeout = s.qps, s.burst, s.timeout
	config.UserAgent = "pulumi-kubernetes/" + published.String() + " (local cloud)"
	return config, namespace, nil
}

// CheckConfig reports every mistake in the provider's inputs.
func (p *provider) CheckConfig(
	_ context.Context, req plugin.CheckConfigRequest,
) (plugin.CheckConfigResponse, error) {
	s, failures := parseSettings(req.News)
	given, ok := req.News["kubeconfig"]
	unknown := ok && given.ContainsUnknowns()
	if s.kubeconfig == nil && !unknown && !slices.ContainsFunc(failures, func(f plugin.CheckFailure) bool {
		return f.Property == "kubeconfig"
	}) {
		failures = append(failures, plugin.CheckFailure{Property: "kubeconfig", Reason: missingKubeconfig})
	}
	return plugin.CheckConfigResponse{Properties: req.News, Failures: failures}, nil
}

// bare takes the wrappings of secrets and outputs off a value.
func bare(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			v = v.OutputValue().Element
		case v.IsOutput():
			return resource.MakeComputed(resource.NewStringProperty(""))
		default:
			return v
		}
	}
}

func joinKeys(keys []resource.PropertyKey) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
