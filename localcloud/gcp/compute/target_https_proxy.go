package compute

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const httpsProxyType = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"

func targetHTTPSProxy() *api.Kind {
	return &api.Kind{
		Token: httpsProxyType, Title: "TargetHttpsProxy", Noun: "target_https_proxy", Service: api.Compute,
		Naming: api.ComputeNames,
		Fields: schema.Fields{
			"urlMap":          schema.String(schema.Required, schema.Ref(api.URLMaps)),
			"sslCertificates": schema.ListOf(schema.String(schema.Ref(api.SSLCertificates)), schema.MaxItems(15)),
			"sslPolicy":       schema.String(schema.Ref(api.SSLPolicies)),
			// Only a full resource name with the service is accepted, and a map hides sslCertificates.
			"certificateMap": schema.String(schema.Ref(api.CertificateMaps), schema.KeepForm, schema.CheckString(func(v string) error {
				if !strings.HasPrefix(v, "//certificatemanager.googleapis.com/projects/") {
					return fmt.Errorf("%q is not of the form //certificatemanager.googleapis.com/projects/P/locations/global/certificateMaps/M", v)
				}
				return nil
			})),
			"quicOverride": schema.String(schema.Default("NONE"), schema.Only("NONE", "it speaks no QUIC")),
		},
		Outputs: []string{"creationTimestamp", "proxyId", "selfLink"},
		ID:      api.MemberID(api.TargetHTTPSProxies),
		Check: func(in api.Object) []plugin.CheckFailure {
			if !in.Has("certificateMap") && !in.Has("sslCertificates") {
				return []plugin.CheckFailure{api.Failure("certificateMap", "a proxy needs a certificate map or certificates")}
			}
			return nil
		},
		Admit: admitHTTPSProxy,
	}
}

// admitHTTPSProxy refuses what Google refuses: a redirect to HTTPS of what is HTTPS already; and certificates that are
// taken away before the proxy has a map, because the provider's update sends setSslCertificates first.
func admitHTTPSProxy(t *api.Tx, r, old *api.Record) error {
	if urlMap := t.Find(r.Target("urlMap")); urlMap != nil && redirectsToHTTPS(urlMap.Outputs) {
		return api.Invalid("urlMap", r.Outputs.Str("urlMap"), "httpsRedirect is not permitted for a URL map of a target HTTPS proxy.")
	}
	if old != nil && len(old.Outputs.List("sslCertificates")) > 0 && !old.Outputs.Has("certificateMap") && len(r.Outputs.List("sslCertificates")) == 0 {
		return api.Invalid("sslCertificates", "", "At least one SSL certificate is required.")
	}
	r.Outputs.Fill("proxyId", api.NumericID())
	r.FillPlain()
	return nil
}
