// Package shield holds the rules of the load balancer's security policy, as values.
package shield

import (
	"fmt"
	"net/netip"
	"strings"
)

// Limits bound what one client address may send.
type Limits struct {
	// LoginsPerMinute bounds requests of the login page. BanMinutes is how long an address that goes on is refused.
	LoginsPerMinute, BanMinutes int
	// RequestsPerMinute bounds all requests; 0 for no bound.
	RequestsPerMinute int
	// Preview makes Google log what it would refuse, and refuse nothing.
	Preview bool
}

// Rule is a rule of a Cloud Armor security policy. The first rule that matches a request decides, in the order of the
// priorities; a rule that is previewed decides nothing. A priority always stands for the same action, because Google lets no
// rule that bans become one that does not (https://docs.cloud.google.com/armor/docs/rate-limiting-overview).
type Rule struct {
	Priority    int
	Description string // 64 characters at most
	Action      string
	// Expression is in Cloud Armor's subset of CEL; empty matches every request.
	Expression string
	Limit      *Limit // nil unless the action is Throttle or Ban
	// Preview makes Google log the rule's decision only.
	Preview bool
}

// Limit bounds the requests of one client address. Google counts for each backend service by itself.
type Limit struct {
	Count   int // requests in a minute; more are answered with 429
	BanFrom int // requests in BanSeconds; an address with more is refused for BanFor seconds
	BanFor  int // 0 for no ban
}

// The actions.
const (
	Allow    = "allow"
	Deny     = "deny(403)"
	Throttle = "throttle"
	Ban      = "rate_based_ban"
	// Exceeded is the answer to what exceeds a limit.
	Exceeded = "deny(429)"
)

// BanSeconds is the time in which a ban counts, LimitSeconds that in which a limit does. Both are among Google's intervals.
const (
	LimitSeconds = 60
	BanSeconds   = 600
)

// banAfter is how many minutes' worth of the limit, within ten minutes, lead to a ban. An office that exceeds its limit
// once, at nine o'clock, is not banned; a machine that goes on is, within minutes.
const banAfter = 5

// callFactor is the number of XML-RPC's requests for each one of the login page. XML-RPC has no session, so that every request
// has the password: the mobile app sends dozens when it opens a site. Each may also be a guess.
const callFactor = 4

// listingFactor is the number of requests for users' names for each one of the login page. The block editor sends some of
// them for every post that it opens.
const listingFactor = 2

// Priorities of the rules, with room between them.
const (
	installPriority = 1000
	xmlrpcPriority  = 2000
	loginPriority   = 3000
	listingPriority = 4000
	// callPriority comes after the two above: a path may have a part for each rule, and the stricter one must decide.
	callPriority  = 4500
	floodPriority = 5000
	// defaultPriority is that of the rule which Google requires.
	defaultPriority = 2147483647
)

// path is the path of a request as Apache understands it, in lower case. Apache decodes it once, and then takes /./, /../
// and // out, so that an expression must look for a part rather than compare the whole. Google's urlDecode makes a blank of a
// plus (https://github.com/cel-expr/cloud-armor-rules), which Apache leaves in a path; the rules look for neither.
const path = "request.path.urlDecode().lower()"

// query is the query as PHP understands it, in lower case.
const query = "request.query.urlDecode().lower()"

// Rules are the rules of a site in the order of their priorities: its limits, nil for none; whether XML-RPC is open; and the
// ranges from which it can be installed, none for all. Without limits and ranges there are no rules, and the site needs no
// security policy, for which Google would charge.
func Rules(of *Limits, xmlrpc bool, installFrom []netip.Prefix) (rules []Rule) {
	if len(installFrom) > 0 {
		rules = append(rules, Rule{
			Priority: installPriority, Action: Deny, Description: "The installation page, but for installFrom",
			Expression: installation(installFrom),
		})
	}
	if of != nil {
		rules = append(rules, limits(of, xmlrpc)...)
	}
	if len(rules) == 0 {
		return nil
	}
	return append(rules, Rule{Priority: defaultPriority, Action: Allow, Description: "Everything else"})
}

// installation matches the installation page from other addresses than those of the ranges. The slash keeps
// plugin-install.php out, which is a page of the dashboard.
func installation(ranges []netip.Prefix) string {
	parts := []string{path + ".contains('/install.php')"}
	for _, r := range ranges {
		parts = append(parts, fmt.Sprintf("!inIpRange(origin.ip, '%s')", r))
	}
	return strings.Join(parts, " && ")
}

func limits(s *Limits, xmlrpc bool) (rules []Rule) {
	const call = path + ".contains('xmlrpc.php')"
	if !xmlrpc {
		// Not previewed: Apache refuses it too.
		rules = append(rules, Rule{
			Priority: xmlrpcPriority, Action: Deny, Description: "XML-RPC, which is off",
			Expression: call,
		})
	}
	limited := func(count int) *Limit {
		return &Limit{Count: count, BanFrom: count * banAfter, BanFor: s.BanMinutes * 60}
	}
	rules = append(rules, Rule{
		Priority: loginPriority, Action: Ban, Description: "Passwords", Expression: path + ".contains('wp-login.php')",
		Limit: limited(s.LoginsPerMinute), Preview: s.Preview,
	}, Rule{
		Priority: listingPriority, Action: Ban, Description: "Users' names", Expression: listing(),
		Limit: limited(s.LoginsPerMinute * listingFactor), Preview: s.Preview,
	})
	if xmlrpc {
		// No ban: it would take the mobile app or Jetpack away for what they always do.
		rules = append(rules, Rule{
			Priority: callPriority, Action: Throttle, Description: "XML-RPC", Expression: call,
			Limit: &Limit{Count: s.LoginsPerMinute * callFactor}, Preview: s.Preview,
		})
	}
	if s.RequestsPerMinute > 0 {
		// No ban: it would shut a whole office out of the site.
		rules = append(rules, Rule{
			Priority: floodPriority, Action: Throttle, Description: "All requests",
			Limit: &Limit{Count: s.RequestsPerMinute}, Preview: s.Preview,
		})
	}
	return rules
}

// users matches REST's list of users, or one of them. It leaves out users/me: the block editor writes an editor's settings
// there whenever they change, and reads nobody else.
const users = ".matches('/wp/v2/users/?([^/a-z]|/[^m]|$)')"

// listing matches requests for users' names: REST's list of users, by path or by parameter, and a user's page by number.
// PHP drops blanks before a parameter's name, and what follows a NUL or a bracket in it.
func listing() string {
	return path + users + " || " + query + users + " || " + query + `.matches('(^|&)[ +]*author([^0-9a-z_-]|$)')`
}
