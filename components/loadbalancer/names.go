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
// The site moves to another URL in two updates. The first makes the new name's certificate, beside whatever is served, and
// every region answer to the new URL as its own. Once the certificate is issued and the state says both, the second moves
// WordPress. So no update waits for a DNS record that somebody has yet to set, at no time is WordPress at a name without a
// certificate, and no region that has yet to move redirects the new URL to the old one.
type names struct {
	wanted string // the domain; empty for none
	// home is the name in WordPress's URL: the domain once its certificate is issued and every region answers to it, and before
	// that the name that WordPress has; empty for plain HTTP at the address.
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
	case before == args.Domain, n.issued(args.Domain) && n.answered():
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

// issued says whether a name has its certificate.
func (n names) issued(name string) bool { return slices.Contains(n.last.Issued, name) }

// answered says whether every region answers to the domain.
func (n names) answered() bool { return slices.Contains(n.last.URLs, "https://"+n.wanted) }

// published says whether a name's address is in the zone. A name that another server serves stays there until the site is
// at its domain, so that the alias does not move before the domain.
func (n names) published(name string) bool {
	return slices.Contains(n.last.Published, name) || n.home == n.wanted && (name == n.home || n.issued(name))
}

// having are the served names of which something is true.
func (n names) having(is func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(n.served), func(name string) bool { return !is(name) })
}

// waiting says whether a name's certificate is awaited.
func (n names) waiting(name string) bool { return name != n.home && !n.issued(name) }

// redirected are the names that redirect to home: the aliases. The domain does not, while WordPress waits for its
// certificate: browsers would remember the redirect, and go back and forth once WordPress has moved.
func (n names) redirected() []string {
	if n.home == "" {
		return nil
	}
	return n.having(func(name string) bool { return name != n.home && name != n.wanted })
}

// classic says whether the HTTPS listener keeps the certificate of Compute Engine that it has: until it has used
// Certificate Manager's since an earlier update. (The provider takes the old one away before it sets the new one, if one
// update changes both.)
func (n names) classic() bool {
	return n.last.Classic != "" && n.last.Classic == n.home && !n.last.Mapped
}

// mapped says whether the HTTPS listener uses Certificate Manager's certificates, which hide a classic one.
func (n names) mapped() bool {
	return !n.classic() || n.issued(n.home)
}

// label is a name as part of a resource's name, with a hash: www.example.com and www-example.com are two.
func label(name string) string {
	const most = 30
	sum := sha256.Sum256([]byte(name))
	text := strings.ReplaceAll(name, ".", "-")
	return strings.TrimRight(text[:min(len(text), most)], "-") + "-" + hex.EncodeToString(sum[:3])
}
