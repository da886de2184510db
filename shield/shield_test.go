package shield

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// What Google requires of a rule: limits of the texts and counts, an order, one action for each priority in every
// configuration, and no ban without a limit.
func TestRules(t *testing.T) {
	ranges := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8:ffff:ffff::/64"),
		netip.MustParsePrefix("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128"), netip.MustParsePrefix("198.51.100.255/32")}
	actions := map[int]string{}
	for _, logins := range []int{5, 30, 1000} {
		for _, requests := range []int{0, 60, 1000000} {
			for _, xmlrpc := range []bool{false, true} {
				for n := range len(ranges) + 1 {
					limits := &Limits{LoginsPerMinute: logins, BanMinutes: 60, RequestsPerMinute: requests, Preview: true}
					for _, of := range []*Limits{limits, nil} {
						check(t, Rules(of, xmlrpc, ranges[:n]), actions)
					}
				}
			}
		}
	}
	if rules := Rules(nil, false, nil); rules != nil {
		t.Errorf("a site without limits has the rules %v", rules)
	}
}

// XML-RPC's requests have a count of their own, so that the mobile app neither is banned nor bars anybody from signing in.
func TestOpenXMLRPC(t *testing.T) {
	var counted []Rule
	for _, r := range Rules(&Limits{LoginsPerMinute: 30, BanMinutes: 15}, true, nil) {
		if strings.Contains(r.Expression, "xmlrpc.php") {
			counted = append(counted, r)
		}
	}
	if len(counted) != 1 || counted[0].Action != Throttle || counted[0].Limit.Count != 120 || strings.Contains(counted[0].Expression, "wp-login.php") {
		t.Errorf("XML-RPC has the rules %+v", counted)
	}
}

func check(t *testing.T, rules []Rule, actions map[int]string) {
	t.Helper()
	if !slices.IsSortedFunc(rules, func(a, b Rule) int { return a.Priority - b.Priority }) {
		t.Errorf("the rules are not in the order of their priorities: %v", rules)
	}
	for i, r := range rules {
		if before, known := actions[r.Priority]; known && before != r.Action {
			t.Errorf("the priority %d has the actions %s and %s", r.Priority, before, r.Action)
		}
		actions[r.Priority] = r.Action
		limited := r.Action == Throttle || r.Action == Ban
		switch {
		case i > 0 && rules[i-1].Priority == r.Priority:
			t.Errorf("two rules have the priority %d", r.Priority)
		case len(r.Description) > 64 || len(r.Expression) > 2048:
			t.Errorf("rule %d has texts that are too long", r.Priority)
		case 1+strings.Count(r.Expression, "&&")+strings.Count(r.Expression, "||") > 5:
			t.Errorf("rule %d has too many parts: %s", r.Priority, r.Expression)
		case limited != (r.Limit != nil), limited && (r.Action == Ban) != (r.Limit.BanFor > 0):
			t.Errorf("rule %d has the action %s and the limit %v", r.Priority, r.Action, r.Limit)
		case r.Action == Ban && (r.Limit.Count > 10000 || r.Limit.BanFrom > 10000 || r.Limit.BanFrom <= r.Limit.Count):
			t.Errorf("rule %d has the limit %v", r.Priority, r.Limit)
		case r.Preview && !limited:
			t.Errorf("rule %d denies in preview only: what is closed must be closed", r.Priority)
		}
	}
	if last := len(rules) - 1; last >= 0 && (rules[last].Action != Allow || rules[last].Expression != "") {
		t.Errorf("the last rule is %v", rules[last])
	}
}
