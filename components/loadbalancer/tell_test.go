package loadbalancer

import (
	"slices"
	"strings"
	"testing"

	"geo-wordpress/state"
)

// The warnings say why the site stays where it is, and what to do for each certificate.
func TestTell(t *testing.T) {
	const (
		plain   = "http://203.0.113.80"
		apex    = "https://example.com"
		www     = "www.example.com"
		staying = "The site stays at "
	)
	failed := map[string]state.Failure{www: {URN: "urn:pulumi:dev::geo-wordpress::a$b::c", Reason: "CONFIG: no CNAME"}}
	for name, test := range map[string]struct {
		last state.Entrance
		want []string // parts of the warnings, in their order
	}{
		"a new domain":             {state.Entrance{}, []string{staying + "the load balancer's address, because no certificate for www", "www.example.com is awaited", "for example.com is awaited"}},
		"its certificate":          {state.Entrance{SiteURL: plain, URLs: []string{plain, "https://" + www}, Issued: []string{www}}, []string{"for example.com is awaited"}},
		"before the regions know":  {state.Entrance{SiteURL: apex, URLs: []string{plain, apex}, Issued: []string{"example.com", www}}, []string{staying + apex + ", because no update has ended yet"}},
		"renewed, at home":         {state.Entrance{SiteURL: "https://" + www, Issued: []string{"example.com"}}, nil},
		"Google has given up":      {state.Entrance{SiteURL: apex, Failed: failed}, []string{staying + apex + ", because no certificate", "given up the certificate for www.example.com (CONFIG: no CNAME)"}},
		"Google does not renew it": {state.Entrance{SiteURL: "https://" + www, Failed: failed, Issued: []string{"example.com"}}, []string{"pulumi up --replace 'urn:pulumi:dev::geo-wordpress::a$b::c'"}},
	} {
		got := namesOf(Args{Domain: www, Aliases: []string{"example.com"}, Last: test.last}).tell("")
		if !slices.EqualFunc(got, test.want, strings.Contains) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
