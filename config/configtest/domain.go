package configtest

import (
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// entrance draws the settings that need a domain.
func entrance(t *rapid.T, of string) map[string]string {
	aliases := rapid.SliceOfNDistinct(domain.Filter(func(name string) bool { return name != "" && name != of }), 0, 4,
		rapid.ID[string]).Draw(t, "aliases")
	return map[string]string{
		full("aliases"): encoded(slices.Clip(aliases)),
		full("dnsZone"): rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[a-z]([a-z0-9-]{0,61}[a-z0-9])?`)).Draw(t, "DNS zone"),
		full("ipv6"):    strconv.FormatBool(rapid.Bool().Draw(t, "IPv6")),
		full("hsts"):    strconv.Itoa(rapid.OneOf(rapid.Just(0), rapid.IntRange(300, 63072000)).Draw(t, "HSTS")),
	}
}

// numbered are n different names.
func numbered(n int) (all []string) {
	for i := range n {
		all = append(all, "n"+strconv.Itoa(i)+".example.org")
	}
	return all
}

var domainRows = []row{
	{name: "aliases without a domain", set: set{"aliases": `["www.example.com"]`}, want: want("aliases", "needs a domain: aliases redirect to it")},
	{name: "aliases as text", set: set{"domain": "example.com", "aliases": `"www.example.com"`}, want: want("aliases", "must be an array")},
	{name: "an alias that is the domain", set: set{"domain": "example.com", "aliases": `["example.com"]`},
		want: want("aliases[0]", "is the domain itself")},
	{name: "an alias twice", set: set{"domain": "example.com", "aliases": `["www.example.com","www.example.com"]`},
		want: want("aliases[1]", "is in the list twice")},
	{name: "an alias that is empty", set: set{"domain": "example.com", "aliases": `[""]`}, want: want("aliases[0]", "is empty")},
	{name: "an alias with a wildcard", set: set{"domain": "example.com", "aliases": `["*.example.com"]`},
		want: want("aliases[0]", "no scheme, port, path, wildcard")},
	{name: "an alias that is a number", set: set{"domain": "example.com", "aliases": `[7]`}, want: want("aliases[0]", "7: must be a string")},
	{name: "an alias outside the public DNS", set: set{"domain": "example.com", "aliases": `["www.test"]`},
		want: want("aliases[0]", "cannot have a public certificate")},
	{name: "too many aliases", set: set{"domain": "example.com", "aliases": encoded(numbered(21))},
		want: want("aliases", "has 21 names, but 20 is the most")},
	{name: "a DNS zone without a domain", set: set{"dnsZone": "example-com"}, want: want("dnsZone", "needs a domain")},
	{name: "a DNS zone by its domain", set: set{"domain": "example.com", "dnsZone": "example.com"},
		want: want("dnsZone", "must be the name of a Cloud DNS zone, not its domain")},
	{name: "a DNS zone in capitals", set: set{"domain": "example.com", "dnsZone": "Example"}, want: want("dnsZone", "must be the name of a Cloud DNS zone")},
	{name: "a DNS zone too long", set: set{"domain": "example.com", "dnsZone": strings.Repeat("a", 64)}, want: want("dnsZone", "1 to 63")},
	{name: "IPv6 without a domain", set: set{"ipv6": "true"}, want: want("ipv6", "WordPress sends every visitor to the IPv4 address")},
	{name: "IPv6 in words", set: set{"domain": "example.com", "ipv6": "on"}, want: want("ipv6", "must be true or false")},
	{name: "HSTS without a domain", set: set{"hsts": "300"}, want: want("hsts", "needs a domain: browsers remember it for a name")},
	{name: "HSTS as a truth", set: set{"domain": "example.com", "hsts": "true"}, want: want("hsts", "must be a whole number from 0 to 63072000")},
	{name: "HSTS too short", set: set{"domain": "example.com", "hsts": "60"}, want: want("hsts", "is shorter than 300 seconds")},
	{name: "HSTS too long", set: set{"domain": "example.com", "hsts": "63072001"}, want: want("hsts", "nothing can take that back")},
	{name: "HSTS below zero", set: set{"domain": "example.com", "hsts": "-1"}, want: want("hsts", "must be a whole number")},
}
