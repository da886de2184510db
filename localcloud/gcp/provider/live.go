package provider

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
)

// keepLive sets inputs that change by themselves to their live values, unless the update changes them: the provider sends
// only what differs from the engine's state, which may be older than the cloud's.
func (p *provider) keepLive(k *api.Kind, id string, in api.Object, sent map[string]plugin.PropertyDiff) error {
	if k.Live == nil {
		return nil
	}
	r, err := p.api.Read(id)
	if err != nil || r == nil {
		return err
	}
	live := maps.Clone(k.Live(r))
	maps.DeleteFunc(live, func(name string, _ any) bool { _, changes := sent[name]; return changes })
	maps.Copy(in, live)
	return nil
}
