package compute

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// token matches the names of headers and cookies (RFC 9110).
var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// cdnPolicy is what Cloud CDN keeps of a backend service's answers (https://cloud.google.com/cdn/docs/caching).
func cdnPolicy() *schema.Field {
	name := schema.Matches(token, "it has to be a token of RFC 9110")
	return schema.ObjectOf(schema.Fields{
		"bypassCacheOnRequestHeaders": schema.ListOf(schema.ObjectOf(schema.Fields{
			"headerName": schema.String(schema.Required, name),
		}), schema.MaxItems(5), schema.Check(differentHeaders)),
		"cacheKeyPolicy": schema.ObjectOf(schema.Fields{
			"includeHost":         schema.Bool(),
			"includeNamedCookies": schema.ListOf(schema.String(name), schema.MaxItems(5)),
			"includeProtocol":     schema.Bool(),
			"includeQueryString":  schema.Bool(),
		}),
		"cacheMode":       schema.String(schema.Computed, schema.Only("USE_ORIGIN_HEADERS", "its cache goes by the answers' headers alone")),
		"negativeCaching": schema.Bool(schema.Computed, schema.Only(false, "it keeps no answer without an age")),
		"serveWhileStale": schema.Int(schema.Computed, schema.Between(0, 604800)),
	}, schema.Computed)
}

func differentHeaders(v any) error {
	seen := map[string]bool{}
	for _, item := range v.([]any) {
		header, _ := item.(map[string]any)
		name, _ := header["headerName"].(string)
		if lower := strings.ToLower(name); name != "" && seen[lower] {
			return fmt.Errorf("the header %q is there twice", name)
		} else {
			seen[lower] = true
		}
	}
	return nil
}

// checkCDN requires what Google's defaults would set to something else than the local cloud knows.
func checkCDN(in api.Object) []plugin.CheckFailure {
	if !in.Flag("enableCdn") {
		return nil
	}
	if !in.Has("cdnPolicy") || in.Known("cdnPolicy") && !in.Has("cdnPolicy.cacheMode") {
		return []plugin.CheckFailure{api.Failure("cdnPolicy", "without a cacheMode, Google sets CACHE_ALL_STATIC: the local cloud "+
			"knows only USE_ORIGIN_HEADERS")}
	}
	return nil
}
