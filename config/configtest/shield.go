package configtest

import "pgregory.net/rapid"

var (
	// shield has no limits in two of three configurations.
	shield = rapid.Custom(func(t *rapid.T) map[string]any {
		if rapid.IntRange(0, 2).Draw(t, "whether to have a shield") > 0 {
			return map[string]any{}
		}
		limits := map[string]any{
			"loginsPerMinute": rapid.IntRange(5, 1000).Draw(t, "logins a minute"),
			"banMinutes":      rapid.SampledFrom([]int{1, 2, 3, 4, 5, 10, 15, 20, 30, 45, 60}).Draw(t, "minutes of a ban"),
		}
		if rapid.Bool().Draw(t, "whether to limit all requests") {
			limits["requestsPerMinute"] = rapid.IntRange(60, 1000000).Draw(t, "requests a minute")
		}
		if rapid.Bool().Draw(t, "whether to say whether to preview") {
			limits["preview"] = rapid.Bool().Draw(t, "preview")
		}
		return limits
	})

	installFrom = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"203.0.113.7/32", "198.51.100.0/24", "192.0.2.128/25",
		"10.0.0.0/8", "2001:db8::/29", "2001:db8:1::7/128", "2001:db8:2::/48"}), 0, 4, rapid.ID[string])
)

// limits is a shield with more fields as JSON after its own.
func limits(more string) string { return `{"loginsPerMinute":30,"banMinutes":15` + more + `}` }

var shieldRows = []row{
	{name: "a shield without a limit", set: set{"shield": `{"banMinutes":15}`},
		want: want("shield.loginsPerMinute", "is not set: set it to the login page's requests a minute")},
	{name: "a shield without a ban", set: set{"shield": `{"loginsPerMinute":30}`},
		want: want("shield.banMinutes", "is not set: set it to how long")},
	{name: "a preview of nothing", set: set{"shield": `{"preview":true}`},
		want: want("shield.loginsPerMinute", "is not set").and("shield.banMinutes", "is not set")},
	{name: "a limit that locks everybody out", set: set{"shield": `{"loginsPerMinute":1,"banMinutes":15}`},
		want: want("shield.loginsPerMinute", "1: must be a whole number from 5 to 1000")},
	{name: "a limit that is none", set: set{"shield": `{"loginsPerMinute":5000,"banMinutes":15}`},
		want: want("shield.loginsPerMinute", "5000: must be a whole number from 5 to 1000")},
	{name: "a limit as text", set: set{"shield": `{"loginsPerMinute":"30","banMinutes":15}`},
		want: want("shield.loginsPerMinute", `"30": must be a whole number`)},
	{name: "a ban of a duration that Google does not know", set: set{"shield": `{"loginsPerMinute":30,"banMinutes":7}`},
		want: want("shield.banMinutes", "7: must be one of the durations that Google knows")},
	{name: "a ban for a day", set: set{"shield": `{"loginsPerMinute":30,"banMinutes":1440}`}, want: want("shield.banMinutes", "1440: must be one of")},
	{name: "a ban as text", set: set{"shield": `{"loginsPerMinute":30,"banMinutes":"15"}`}, want: want("shield.banMinutes", `"15": must be one of`)},
	{name: "fewer requests than a page has", set: set{"shield": limits(`,"requestsPerMinute":10`)},
		want: want("shield.requestsPerMinute", "10: must be a whole number from 60")},
	{name: "a preview in words", set: set{"shield": limits(`,"preview":"yes"`)}, want: want("shield.preview", `"yes": must be true or false`)},
	{name: "a shield with a field mistyped", set: set{"shield": limits(`,"requestPerMinute":600`)},
		want: want("shield.requestPerMinute", "did you mean requestsPerMinute?")},
	{name: "a shield that is on", set: set{"shield": "true"}, want: want("shield", "must be an object with the fields loginsPerMinute")},
	{name: "XML-RPC in words", set: set{"xmlrpc": "off"}, want: want("xmlrpc", `"off": must be true or false`)},

	{name: "an address to install from", set: set{"installFrom": `["203.0.113.7"]`},
		want: want("installFrom[0]", "must be an address range in CIDR notation")},
	{name: "a range to install from with stray bits", set: set{"installFrom": `["203.0.113.7/24"]`},
		want: want("installFrom[0]", "write 203.0.113.0/24")},
	{name: "everybody may install", set: set{"installFrom": `["0.0.0.0/0"]`}, want: want("installFrom[0]", "lets strangers install the site")},
	{name: "everybody with IPv6 may install", set: set{"installFrom": `["203.0.113.7/32","::/0"]`},
		want: want("installFrom[1]", "lets strangers install the site")},
	{name: "a range to install from twice", set: set{"installFrom": `["203.0.113.7/32","203.0.113.7/32"]`},
		want: want("installFrom[1]", "is in the list twice")},
	{name: "an IPv4 range as IPv6", set: set{"installFrom": `["::ffff:203.0.113.0/120"]`}, want: want("installFrom[0]", "write it as IPv4")},
	{name: "more ranges to install from than a rule holds",
		set:  set{"installFrom": `["192.0.2.1/32","192.0.2.2/32","192.0.2.3/32","192.0.2.4/32","192.0.2.5/32"]`},
		want: want("installFrom", "5 ranges: must be at most 4")},
	{name: "ranges to install from as text", set: set{"installFrom": `"203.0.113.7/32"`}, want: want("installFrom", "must be an array")},
	{name: "ranges to install from, and a site",
		set: set{"installFrom": `["203.0.113.7/32"]`,
			"site": `{"title":"A site","adminUser":"editor","adminEmail":"editor@example.com"}`},
		want: want("installFrom", "and site is set, but then the stack installs WordPress itself")},
}
