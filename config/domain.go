package config

import (
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/googlecloud"
)

// domain reads the site's DNS name, empty for none.
func (l *loader) domain() string {
	domain, _ := l.top("domain").checked(checkDomain)
	return domain
}

// aliases reads the names that redirect to the domain.
func (l *loader) aliases(domain string) (all []string) {
	list := l.top("aliases")
	fields, _ := list.items()
	if len(fields) > maxAliases {
		list.fails(fmt.Sprintf("has %d names, but %d is the most: each has a certificate of its own", len(fields), maxAliases))
	}
	for _, f := range fields {
		alias, ok := f.checked(checkDomain)
		switch {
		case !ok:
		case alias == "":
			f.fails("is empty: set it to a name such as www.example.com, or remove it")
		case alias == domain:
			f.fails("is the domain itself, which cannot redirect to itself: remove it from the list")
		case slices.Contains(all, alias):
			f.fails("is in the list twice: remove one")
		default:
			all = append(all, alias)
		}
	}
	if len(fields) > 0 {
		l.needsDomain(list, "aliases redirect to it")
	}
	return all
}

// dnsZone reads the name of the Cloud DNS zone for the domain's records, empty for none.
func (l *loader) dnsZone() string {
	f := l.top("dnsZone")
	zone, ok := f.checked(func(name string) string {
		if name == "" || len(name) <= googlecloud.MaxName && googlecloud.Name.MatchString(name) {
			return ""
		}
		return "must be the name of a Cloud DNS zone, not its domain: 1 to 63 lower-case letters, digits and hyphens, as " +
			"`gcloud dns managed-zones list` shows it under NAME; or empty, to set the records by hand"
	})
	if ok && zone != "" {
		l.needsDomain(f, "the records in the zone are the domain's")
	}
	return zone
}

// ipv6 reads whether the load balancer has an IPv6 address too.
func (l *loader) ipv6() bool {
	f := l.top("ipv6")
	on := f.truth()
	if on {
		l.needsDomain(f, "without one, WordPress sends every visitor to the IPv4 address")
	}
	return on
}

// hsts reads for how many seconds browsers refuse plain HTTP, 0 for not at all.
func (l *loader) hsts() int {
	f := l.top("hsts")
	n, ok := f.whole(0, maxHSTS, "seconds; browsers use nothing but HTTPS for so long after their last visit, and nothing "+
		"can take that back from those that do not come again: begin with 300, and end at 31536000, a year")
	switch {
	case ok && n > 0 && n < minHSTS:
		f.fails(fmt.Sprintf("is shorter than %d seconds, which protects nobody who comes back later: set it to %d or more, or to 0 "+
			"for none", minHSTS, minHSTS))
	case n > 0:
		l.needsDomain(f, "browsers remember it for a name. Before you remove a domain, set hsts to 300 and wait until the old "+
			"time is over, or its visitors cannot come back")
	}
	return n
}

const (
	maxAliases = 20
	minHSTS    = 300             // five minutes, to try it out
	maxHSTS    = 2 * 365 * 86400 // two years, the most that anybody recommends (hstspreload.org)
)

// needsDomain reports a field that makes no sense without a domain.
func (l *loader) needsDomain(f field, why string) {
	if domain, given := l.values[l.project+":domain"]; given && domain == "" {
		f.fails("needs a domain: " + why + ". Set domain, or remove this key")
	}
}

// withoutCertificate are top-level domains for which no public authority issues a certificate (RFC 6761, RFC 6762,
// ICANN's internal).
var withoutCertificate = []string{"arpa", "example", "internal", "invalid", "local", "localhost", "onion", "test"}

// checkDomain returns what is wrong with the site's domain, or nothing. Empty is allowed: no domain.
func checkDomain(domain string) string {
	const form = "must be a DNS name such as www.example.com, in lower case: no scheme, port, path, wildcard or " +
		"trailing dot; or empty, for plain HTTP on the load balancer's address"
	if domain == "" {
		return ""
	}
	if len(domain) > 63 {
		return "is longer than 63 characters, which is Google's limit for a certificate: choose a shorter domain"
	}
	labels := labelsOf(domain)
	if labels == nil {
		return form
	}
	last := labels[len(labels)-1]
	if !googlecloud.Name.MatchString(last) || len(last) < 2 {
		return form // such as an IP address
	}
	if slices.Contains(withoutCertificate, last) {
		return "cannot have a public certificate, which HTTPS needs: choose a registered domain, or leave it empty"
	}
	return ""
}

// labelsOf returns the labels of a DNS name of two or more, in lower case; nil if the text is none.
func labelsOf(name string) []string {
	labels := strings.Split(name, ".")
	if len(labels) < 2 || slices.ContainsFunc(labels, func(label string) bool { return !dnsLabel.MatchString(label) }) {
		return nil
	}
	return labels
}
