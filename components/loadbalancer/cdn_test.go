package loadbalancer

import (
	"slices"
	"testing"
)

// WordPress's names: the MD5 of the site's URL, as PHP's md5 writes it.
func TestOwnCookies(t *testing.T) {
	const hash = "23a3ae4329e0acabbbc8807b6ee9ac48"
	want := []string{"wordpress_logged_in_" + hash, "wp-postpass_" + hash, "comment_author_" + hash,
		"wp_woocommerce_session_" + hash, "geo_wordpress_wrote"}
	if got := ownCookies("http://203.0.113.7"); !slices.Equal(got, want) {
		t.Errorf("the cookies are %v, want %v", got, want)
	}
}
