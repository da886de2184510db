package config

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"

	"geo-wordpress/shield"
)

// Limits of the shield's numbers. The greatest counts follow from Google's of a rule that bans: 10,000
// (https://docs.cloud.google.com/armor/docs/rate-limiting-overview), which the ban of package shield reaches.
const (
	minLogins   = 5 // somebody who signs in, mistypes once and signs out sends as many
	maxLogins   = 1000
	minRequests = 60 // a page and its files are some dozens
	maxRequests = 1000000
)

// banMinutes are Google's durations of a ban in whole minutes.
var banMinutes = []int{1, 2, 3, 4, 5, 10, 15, 20, 30, 45, 60}

var shieldFields = []string{"loginsPerMinute", "banMinutes", "requestsPerMinute", "preview"}

// shield reads the limits of clients: an empty object for none.
func (l *loader) shield() *shield.Limits {
	object := l.top("shield")
	fields, ok := object.object(shieldFields)
	if given, _ := object.value.(map[string]any); !ok || len(given) == 0 {
		return nil
	}
	s := &shield.Limits{}
	s.LoginsPerMinute, _ = object.required(fields, "loginsPerMinute", "the login page's requests a minute that one address may "+
		"send, such as 30").whole(minLogins, maxLogins, "requests a minute from one address; signing in takes two")
	s.BanMinutes = object.required(fields, "banMinutes", "how long an address that goes on is refused, such as 15").banMinutes()
	if requests, ok := fields["requestsPerMinute"]; ok {
		s.RequestsPerMinute, _ = requests.whole(minRequests, maxRequests, "requests a minute from one address, files included; "+
			"leave it out for no limit")
	}
	if preview, ok := fields["preview"]; ok {
		s.Preview = preview.truth()
	}
	return s
}

// banMinutes reads the duration of a ban.
func (f field) banMinutes() int {
	number, ok := f.value.(json.Number)
	if f.l == nil {
		return 0
	}
	for _, minutes := range banMinutes {
		if ok && number.String() == strconv.Itoa(minutes) {
			return minutes
		}
	}
	f.fails("must be one of the durations that Google knows, in minutes: 1, 2, 3, 4, 5, 10, 15, 20, 30, 45 or 60")
	return 0
}

// maxInstallFrom is the number of ranges that one rule of the security policy holds: Google allows five parts in an
// expression, and the page's path is one.
const maxInstallFrom = 4

// minInstallFrom4 and minInstallFrom6 are the shortest prefixes of an organization's ranges; wider ones admit strangers.
const (
	minInstallFrom4 = 8
	minInstallFrom6 = 29
)

// installFrom reads the ranges that reach WordPress's installation page.
func (l *loader) installFrom(site *Site) []netip.Prefix {
	list := l.top("installFrom")
	items, _ := list.items()
	var ranges []netip.Prefix
	for _, item := range items {
		network, ok := item.prefix()
		switch {
		case !ok:
		case network.Addr().Is4In6():
			item.fails("is an IPv4 range in IPv6 notation: write it as IPv4")
		case network != network.Masked():
			item.fails("has bits set beyond its length: write " + network.Masked().String())
		case network.Addr().Is4() && network.Bits() < minInstallFrom4, network.Addr().Is6() && network.Bits() < minInstallFrom6:
			item.fails("lets strangers install the site: list the address from which you install it, such as 203.0.113.7/32; " +
				"an empty list admits everybody")
		case slices.Contains(ranges, network):
			item.fails("is in the list twice: remove one")
		default:
			ranges = append(ranges, network)
		}
	}
	switch {
	case len(items) > maxInstallFrom:
		l.problem(list.key, count(len(items), "range"), "must be at most 4: one rule of Google's holds no more")
	case len(items) > 0 && site != nil:
		list.fails("and site is set, but then the stack installs WordPress itself, and the installation page has " +
			"nothing to install: remove one of them (`pulumi config rm installFrom`)")
	}
	return ranges
}
