package kubernetes

import (
	"context"
	"reflect"
	"slices"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// DiffConfig says whether a change of the provider's inputs means another cluster: then the provider is replaced, and
// with it every object in it.
//
// With a clusterIdentifier that is what decides, and nothing else: a changed one replaces, an unchanged one never
// does, whatever becomes of the kubeconfig. (To add or remove one does not replace by itself, so that a stack can take
// one up.) Without it, the cluster entry that the kubeconfig leads to decides, and one that is not known yet counts as
// another.
func (p *provider) DiffConfig(
	_ context.Context, req plugin.DiffConfigRequest,
) (plugin.DiffConfigResponse, error) {
	olds, news := bareMap(req.OldInputs), bareMap(req.NewInputs)
	diff := olds.Diff(news)
	if diff == nil {
		return plugin.DiffConfigResponse{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffConfigResponse{Changes: plugin.DiffSome, ChangedKeys: diff.ChangedKeys()}
	slices.Sort(result.ChangedKeys)

	const identifier = resource.PropertyKey("clusterIdentifier")
	if olds.HasValue(identifier) && news.HasValue(identifier) {
		if diff.Updated(identifier) {
			result.ReplaceKeys = append(result.ReplaceKeys, identifier)
		}
		return result, nil
	}

	deciding := []resource.PropertyKey{"kubeconfig", "context", "cluster"}
	for _, key := range deciding {
		if diff.Changed(key) && news[key].ContainsUnknowns() {
			result.ReplaceKeys = append(result.ReplaceKeys, key)
		}
	}
	if len(result.ReplaceKeys) > 0 {
		return result, nil
	}
	before, known := activeCluster(olds)
	after, knownToo := activeCluster(news)
	if known && knownToo && !reflect.DeepEqual(before, after) {
		for _, key := range deciding {
			if diff.Changed(key) {
				result.ReplaceKeys = append(result.ReplaceKeys, key)
			}
		}
	}
	return result, nil
}

// activeCluster is the cluster entry of the kubeconfig that the inputs choose, if they choose one.
func activeCluster(inputs resource.PropertyMap) (clientcmdapi.Cluster, bool) {
	s, _ := parseSettings(inputs)
	if s.kubeconfig == nil {
		return clientcmdapi.Cluster{}, false
	}
	name := s.kubeconfigCluster
	if name == "" {
		chosen := s.context
		if chosen == "" {
			chosen = s.kubeconfig.CurrentContext
		}
		context, ok := s.kubeconfig.Contexts[chosen]
		if !ok {
			return clientcmdapi.Cluster{}, false
		}
		name = context.Cluster
	}
	cluster, ok := s.kubeconfig.Clusters[name]
	if !ok {
		return clientcmdapi.Cluster{}, false
	}
	// Where the entry was read from is not what it says.
	entry := *cluster
	entry.LocationOfOrigin = ""
	return entry, true
}

// bareMap is a map without its secret wrappings at the top.
func bareMap(m resource.PropertyMap) resource.PropertyMap {
	result := make(resource.PropertyMap, len(m))
	for k, v := range m {
		result[k] = bare(v)
	}
	return result
}
