package loadbalancer

import (
	"crypto/md5" // WordPress names its cookies with it; nothing is signed
	"encoding/hex"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PageSeconds is how long a visitor's page is fresh. Browsers keep it for as long, because Cloud CDN serves no answer
// stale that has an age for shared caches alone (s-maxage). It is short, so that nobody who has just signed in sees a page
// that his browser kept, and costs little: Cloud CDN serves an expired page while it fetches a new one.
const PageSeconds = 10

// staleSeconds is how long after that Cloud CDN serves an expired page while it fetches a new one, which fails while two
// regions are lost. WordPress's forms are valid for 12 hours at least: a page that is older could hold an expired one.
const staleSeconds = 10 * 60 * 60

// wroteCookie is the cookie of somebody who has just sent something (visitor.php).
const wroteCookie = "geo_wordpress_wrote"

// ownCookies are the cookies that tell people with pages of their own from visitors; Cloud CDN allows five. WordPress and
// WooCommerce append the hash of the site's URL to the names of theirs.
func ownCookies(siteURL string) []string {
	sum := md5.Sum([]byte(siteURL))
	hash := hex.EncodeToString(sum[:])
	return []string{
		"wordpress_logged_in_" + hash,
		"wp-postpass_" + hash,
		"comment_author_" + hash,
		"wp_woocommerce_session_" + hash,
		wroteCookie,
	}
}

// cache makes Cloud CDN keep what the answers' own headers allow (https://docs.cloud.google.com/cdn/docs/caching). People
// with pages of their own have cache keys of their own, under which WordPress lets nothing be kept.
func cache(service *compute.BackendServiceArgs, siteURL pulumi.StringOutput) {
	cookies := siteURL.ApplyT(ownCookies).(pulumi.StringArrayOutput)
	service.EnableCdn = pulumi.Bool(true)
	service.CdnPolicy = &compute.BackendServiceCdnPolicyArgs{
		CacheMode: pulumi.String("USE_ORIGIN_HEADERS"),
		CacheKeyPolicy: &compute.BackendServiceCdnPolicyCacheKeyPolicyArgs{
			IncludeProtocol:     pulumi.Bool(true),
			IncludeHost:         pulumi.Bool(true),
			IncludeQueryString:  pulumi.Bool(true),
			IncludeNamedCookies: cookies,
		},
		ServeWhileStale: pulumi.Int(staleSeconds),
		// An error is not kept: a page that appears or recovers must not answer with one.
		NegativeCaching: pulumi.Bool(false),
		BypassCacheOnRequestHeaders: compute.BackendServiceCdnPolicyBypassCacheOnRequestHeaderArray{
			&compute.BackendServiceCdnPolicyBypassCacheOnRequestHeaderArgs{HeaderName: pulumi.String("Authorization")},
		},
	}
	// Cloud CDN keeps no answer that sets a cookie, and no document exempts the one of the cookie affinity. Authors who keep
	// their address stay in one region.
	service.SessionAffinity = pulumi.String("CLIENT_IP")
	service.AffinityCookieTtlSec = nil
}
