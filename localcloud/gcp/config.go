package gcp

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

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
			failures = append(failures, failure(string(k), "the local cloud does not know the provider setting %q; "+
				"it knows %v", k, slices.Sorted(maps.Keys(configKeys))))
			continue
		}
		value, isString := schema.Plain(v).(string)
		switch {
		case !used || v.ContainsUnknowns():
		case !isString:
			failures = append(failures, failure(string(k), "gcp:%s must be a string", k))
		case k == "project" && !projectIDs.MatchString(value):
			failures = append(failures, failure("project", "gcp:project %q is no project ID: 6 to 30 lower-case "+
				"letters, digits and hyphens, starting with a letter", value))
		case k == "region" && zonesOf(value) == nil:
			failures = append(failures, failure("region", "gcp:region %q is no Google Cloud region", value))
		case k == "zone" && !isZone(value):
			failures = append(failures, failure("zone", "gcp:zone %q is no Google Cloud zone", value))
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
	p.config = place{project: str("project"), region: str("region"), zone: str("zone")}
	return plugin.ConfigureResponse{}, nil
}

// functions are the functions that programs may invoke, by token.
var functions = map[string]func(p *provider, in object) (object, error){
	"gcp:organizations/getClientConfig:getClientConfig": (*provider).clientConfig,
	"gcp:organizations/getProject:getProject":           (*provider).getProject,
	"gcp:compute/getZones:getZones":                     (*provider).getZones,
}

func (p *provider) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	fn, ok := functions[string(req.Tok)]
	if !ok {
		return plugin.InvokeResponse{}, fmt.Errorf("the local cloud does not know the function %q; it knows %v",
			req.Tok, slices.Sorted(maps.Keys(functions)))
	}
	out, err := fn(p, object(schema.PlainMap(req.Args)))
	if err != nil {
		return plugin.InvokeResponse{}, fmt.Errorf("%s: %w", req.Tok, err)
	}
	return plugin.InvokeResponse{Properties: properties(out, nil)}, nil
}

// clientConfig returns no access token: nothing here accepts one.
func (p *provider) clientConfig(object) (object, error) {
	at := p.place()
	return object{"id": fmt.Sprintf("projects/%q/regions/%q/zones/%q", at.project, at.region, at.zone),
		"accessToken": "", "project": at.project, "region": at.region, "zone": at.zone}, nil
}

func (p *provider) getProject(in object) (object, error) {
	project := in.str("projectId")
	if project == "" {
		project = p.place().project
	}
	if project == "" {
		return nil, fmt.Errorf("project: required field is not set")
	}
	var number string
	err := p.api.update(func(t *txn) (err error) {
		number, err = t.projectNumber(project)
		return err
	})
	return object{"id": "projects/" + project, "projectId": project, "name": project, "number": number,
		"labels": map[string]any{}, "effectiveLabels": map[string]any{}, "pulumiLabels": map[string]any{},
		"autoCreateNetwork": false, "billingAccount": "", "deletionPolicy": "", "folderId": "", "orgId": "",
		"skipDelete": false}, err
}

func (p *provider) getZones(in object) (object, error) {
	at := p.place()
	region, project := in.str("region"), in.str("project")
	if region == "" {
		region = at.region
	}
	if project == "" {
		project = at.project
	}
	zones := zonesOf(region)
	if zones == nil {
		return nil, &apiError{404, fmt.Sprintf("The resource 'projects/%s/regions/%s' was not found", project, region),
			"notFound"}
	}
	if s := in.str("status"); s == "DOWN" {
		zones = nil // every zone is up
	}
	return object{"id": fmt.Sprintf("projects/%s/regions/%s", project, region), "project": project,
		"region": region, "names": anys(zones)}, nil
}
