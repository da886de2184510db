package armor_test

import (
	"bufio"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/armor"
	"geo-wordpress/shield"
	"geo-wordpress/shield/shieldtest"
)

// request is a request as a server reads it.
func request(t *testing.T, method, target string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + target + " HTTP/1.1\r\nHost: site\r\nX-Test: a\r\n\r\n")))
	require.NoError(t, err, target)
	return r
}

var stranger = netip.MustParseAddr("198.51.100.7")

// matching are the descriptions of the rules with an expression that match a target.
func matching(t *testing.T, rules []shield.Rule, target string, from netip.Addr) (all []string) {
	t.Helper()
	for _, rule := range rules {
		if rule.Expression == "" {
			continue
		}
		e, err := armor.Compile(rule.Expression)
		require.NoError(t, err, rule.Expression)
		if e.Matches(request(t, "GET", target), from) {
			all = append(all, rule.Description)
		}
	}
	return all
}

var ranges = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("192.0.2.1/32"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("10.0.0.0/8")}

// Whatever Apache and WordPress serve as a page is counted as one. The conformance tests hold the lists against the real ones.
func TestTheShieldKnowsEverySpelling(t *testing.T) {
	closed := shield.Rules(&shield.Limits{LoginsPerMinute: 30, BanMinutes: 15, RequestsPerMinute: 600}, false, ranges)
	open := shield.Rules(&shield.Limits{LoginsPerMinute: 30, BanMinutes: 15}, true, nil)
	for _, c := range []struct {
		rules     []shield.Rule
		spellings []shieldtest.Spelling
		want      string
	}{
		{closed, shieldtest.Logins, "Passwords"},
		{open, shieldtest.Logins, "Passwords"},
		{open, shieldtest.XMLRPC, "XML-RPC"},
		{closed, shieldtest.XMLRPC, "XML-RPC, which is off"},
		{closed, shieldtest.Installations, "The installation page, but for installFrom"},
		{closed, shieldtest.Listings, "Users' names"},
		{open, shieldtest.Listings, "Users' names"},
	} {
		for _, s := range c.spellings {
			if s.Served {
				assert.Contains(t, matching(t, c.rules, s.Target, stranger), c.want, s.Target)
			}
		}
	}
	for _, target := range shieldtest.Harmless {
		assert.Empty(t, matching(t, closed, target, stranger), target)
		assert.Empty(t, matching(t, open, target, stranger), target)
	}
}

// A path with a part for XML-RPC's rule is no way around the stricter limits: the first rule that matches decides.
func TestOpenXMLRPCIsNoWayAround(t *testing.T) {
	open := shield.Rules(&shield.Limits{LoginsPerMinute: 30, BanMinutes: 15}, true, nil)
	for target, want := range map[string]string{
		"/xmlrpc.php":              "XML-RPC",
		"/wp-login.php/xmlrpc.php": "Passwords",
		"/xmlrpc.php/../?author=1": "Users' names",
	} {
		all := matching(t, open, target, stranger)
		require.NotEmpty(t, all, target)
		assert.Equal(t, want, all[0], target)
	}
}

// No address outside of the ranges reaches the installation page, and every address inside does.
func TestInstallFrom(t *testing.T) {
	for n := 1; n <= len(ranges); n++ {
		rules := shield.Rules(nil, false, ranges[:n])
		for _, s := range shieldtest.Installations {
			for _, from := range []string{"203.0.112.255", "203.0.114.0", "127.0.0.1", "2001:db9::1", "::1"} {
				if s.Served {
					assert.NotEmpty(t, matching(t, rules, s.Target, netip.MustParseAddr(from)), "%s from %s", s.Target, from)
				}
			}
			assert.Empty(t, matching(t, rules, s.Target, netip.MustParseAddr("203.0.113.255")), s.Target)
			if n >= 3 {
				assert.Empty(t, matching(t, rules, s.Target, netip.MustParseAddr("2001:db8::7")), s.Target)
			}
		}
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	for expression, want := range map[string]string{
		"":                                     "mismatched input",
		"request.path":                         "must be of type bool",
		"request.path.contains(":               "mismatched input",
		"request.body.contains('x')":           "undeclared reference",
		"requests.path == '/'":                 "undeclared reference",
		"request.path.decode() == '/'":         "undeclared reference",
		"request.path.size() > 3":              "knows no operation",
		"request.path.contains(7)":             "found no matching overload",
		"request.path == 7":                    "found no matching overload",
		"inIpRange(origin.ip, '203.0.113.0')":  "",
		"inIpRange(origin.ip, '203.0.113/24')": "inIpRange needs a literal that is valid",
		"inIpRange(origin.ip, request.path)":   "inIpRange needs a literal",
		"request.path.matches('(')":            "matches needs a literal that is valid",
		"request.path.contains('" + strings.Repeat("x", 2048) + "')":  "at most 2048 are allowed",
		"request.path.contains('" + strings.Repeat("x", 1024) + "')":  "a subexpression has 1049 characters",
		strings.Repeat("request.path == '/' || ", 5) + "true":         "6 subexpressions, and at most 5",
		"!(" + strings.Repeat("request.path == '/' && ", 5) + "true)": "6 subexpressions",
		strings.Repeat("request.path == '/' || ", 4) + "true":         "",
		"request.headers['x-test'] == 'a'":                            "",
		"['/'].exists(p, p == request.path)":                          "undeclared reference",
	} {
		_, err := armor.Compile(expression)
		if want == "" {
			assert.NoError(t, err, expression)
		} else {
			assert.ErrorContains(t, err, want, expression)
		}
	}
}

func TestWhatAnExpressionSees(t *testing.T) {
	r := request(t, "POST", "/a%2Fb?c=%20d")
	for expression, want := range map[string]bool{
		"request.path == '/a%2Fb'":                  true, // as in the request's first line
		"request.path.urlDecode() == '/a/b'":        true,
		"request.query == 'c=%20d'":                 true,
		"request.query.urlDecode() == 'c= d'":       true,
		"request.method == 'POST'":                  true,
		"request.method.lower() == 'post'":          true,
		"request.scheme.upper() == 'HTTP'":          true,
		"request.headers['x-test'] == 'a'":          true,
		"request.headers['x-other'] == 'a'":         false, // fails, which matches nothing
		"!(request.path.startsWith('/a%2'))":        false,
		"request.path.matches('b$')":                true, // somewhere in the text
		"inIpRange(origin.ip, '198.51.100.0/24')":   true,
		"inIpRange(origin.ip, '2001:db8::/32')":     false,
		"'%zz%2'.urlDecode() == '%zz%2'":            true,
		"'a+b%2Bc'.urlDecode() == 'a b+c'":          true,
		"'Ä+K'.lower() == 'Ä+k'":                    true, // ASCII only
		"'ä+k'.upper() == 'ä+K'":                    true,
		"request.path + request.query == '/'":       false,
		"request.path != '/' && origin.ip != '::1'": true,
		"request.path.endsWith('b') || request.x":   false,
	} {
		e, err := armor.Compile(expression)
		if strings.HasSuffix(expression, "request.x") {
			assert.Error(t, err)
			continue
		}
		require.NoError(t, err, expression)
		assert.Equal(t, want, e.Matches(r, stranger), expression)
	}
}
