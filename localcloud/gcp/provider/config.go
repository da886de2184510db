package provider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// settings are the provider's settings and those that the engine adds. Settings for credentials and requests are refused
// like any other: only its owner can reach the local cloud, so nobody checks credentials.
var settings = schema.Fields{
	"project": schema.String(api.ProjectID),
	"region":  schema.String(known(googlecloud.IsRegion, "region")),
	"zone":    schema.String(known(googlecloud.IsZone, "zone")),
	"version": schema.String(), "pluginDownloadURL": schema.String(), "pluginChecksums": schema.MapOf(schema.String()),
}

func known(is func(string) bool, what string) schema.Option {
	return schema.CheckString(func(s string) error {
		if !is(s) {
			return fmt.Errorf("%q is no Google Cloud %s", s, what)
		}
		return nil
	})
}

func (p *provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	_, failures := settings.Check("the gcp provider", req.News)
	return plugin.CheckConfigResponse{Properties: req.News, Failures: failures}, nil
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
