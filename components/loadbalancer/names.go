package loadbalancer

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"geo-wordpress/state"
)

// names are the site's DNS names, by what is wanted and what the last update left.
//
// The site moves to another URL in two updates. The first makes the new name's certificate, beside whatever is served.
// Once that is issued and the state says so, the second moves WordPress. So no update waits for a DNS record that somebody
// has yet to set, and at no time is WordPress at a name without a certificate.
type names struct {
	wanted string // the domain; empty for none
	// home is the name in WordPress's URL: the domain once its certificate is issued, and before that the name that
	// WordPress has; empty for plain HTTP at the address.
	home string
	// served have certificates: the domain, the aliases, and home. Ordered as the configuration has them.
	served []string
	last   state.Entrance
}

func namesOf(args Args) names {
	n := names{wanted: args.Domain, last: args.Last}
	before, _ := strings.CutPrefix(args.Last.SiteURL, "https://")
	if before == args.Last.SiteURL {
		before = "" // plain HTTP, or a new stack
	}
	switch {
	case args.Domain == "":
		return n
	case before == args.Domain, slices.Contains(args.Last.Issued, args.Domain):
		n.home = args.Domain
	default:
		n.home = before
	}
	for _, name := range append([]string{args.Domain}, append(slices.Clone(args.Aliases), n.home)...) {
		if name != "" && !slices.Contains(n.served, name) {
			n.served = append(n.served, name)
		}
	}
	return n
}

// issued says whether a name has its certificate, so that its address can be published.
func (n names) issued(name string) bool {
	return name == n.home || slices.Contains(n.last.Issued, name)
}

// waiting are the names whose certificates are awaited.
func (n names) waiting() []string {
	return slices.DeleteFunc(slices.Clone(n.served), n.issued)
}

// redirected are the names that redirect to home: the aliases. The domain does not, while WordPress waits for its
// certificate: browsers would remember the redirect, and go back and forth once WordPress has moved.
func (n names) redirected() []string {
	if n.home == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.served), func(name string) bool { return name == n.home || name == n.wanted })
}

// classic says whether the HTTPS listener keeps the certificate of Compute Engine that it has: until it has used
// Certificate Manager's since an earlier update. (The provider takes the old one away before it sets the new one, if one
// update changes both.)
func (n names) classic() bool {
	return n.last.Classic != "" && n.last.Classic == n.home && !n.last.Mapped
}

// mapped says whether the HTTPS listener uses Certificate Manager's certificates, which hide a classic one.
func (n names) mapped() bool {
	return !n.classic() || slices.Contains(n.last.Issued, n.home)
}

// label is a name as part of a resource's name, with a hash: www.example.com and www-example.com are two.
func label(name string) string {
	const most = 30
	sum := sha256.Sum256([]byte(name))
	text := strings.ReplaceAll(name, ".", "-")
	return strings.TrimRight(text[:min(len(text), most)], "-") + "-" + hex.EncodeToString(sum[:3])
}
