package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// configKeys are the provider's settings; true marks those that have an effect here. Settings for credentials and
// requests have none: only its owner can reach the local cloud, so nobody checks credentials. Any other key is refused.
var configKeys = map[string]bool{
	"project": true, "region": true, "zone": true,

	"credentials": false, "accessToken": false, "impersonateServiceAccount": false, "billingProject": false,
	"userProjectOverride": false, "requestReason": false, "requestTimeout": false, "scopes": false,
	"disableGooglePartnerName": false, "googlePartnerName": false, "batching": false,

	"version": false, "pluginDownloadURL": false,
}

func (p *provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (
	plugin.CheckConfigResponse, error,
) {
	var failures []plugin.CheckFailure
	for _, k := range req.News.StableKeys() {
		v := req.News[k]
		if resource.IsInternalPropertyKey(k) || v.IsNull() {
			continue
		}
		used, known := configKeys[string(k)]
		if !known {
			failures = append(failures, api.Failure(string(k), "the local cloud does not know the provider setting %q; "+
				"it knows %v", k, slices.Sorted(maps.Keys(configKeys))))
			continue
		}
		value, isString := schema.Plain(v).(string)
		switch {
		case !used || v.ContainsUnknowns():
		case !isString:
			failures = append(failures, api.Failure(string(k), "gcp:%s must be a string", k))
		case k == "project" && !api.ProjectIDs.MatchString(value):
			failures = append(failures, api.Failure("project", "gcp:project %q is no project ID: 6 to 30 lower-case "+
				"letters, digits and hyphens, starting with a letter", value))
		case k == "region" && !googlecloud.IsRegion(value):
			failures = append(failures, api.Failure("region", "gcp:region %q is no Google Cloud region", value))
		case k == "zone" && !googlecloud.IsZone(value):
			failures = append(failures, api.Failure("zone", "gcp:zone %q is no Google Cloud zone", value))
		}
	}
	return plugin.CheckConfigResponse{Properties: req.News, Failures: failures}, nil
}

func (p *provider) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	result := plugin.DiffResult{Changes: plugin.DiffNone}
	keys := map[resource.PropertyKey]bool{}
	for _, m := range []resource.PropertyMap{req.OldInputs, req.NewInputs} {
		for k := range m {
			keys[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if !resource.IsInternalPropertyKey(k) && !req.OldInputs[k].DeepEquals(req.NewInputs[k]) {
			result.Changes = plugin.DiffSome
			result.ChangedKeys = append(result.ChangedKeys, k)
		}
	}
	return result, nil
}

func (p *provider) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	str := func(k resource.PropertyKey) string {
		s, _ := schema.Plain(req.Inputs[k]).(string)
		return s
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.config = api.Location{Project: str("project"), Region: str("region"), Zone: str("zone")}
	return plugin.ConfigureResponse{}, nil
}

// Invoke refuses all functions.
func (p *provider) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, fmt.Errorf("the local cloud does not know the function %q: it knows none", req.Tok)
}
