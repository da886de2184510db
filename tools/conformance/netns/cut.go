package netns

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// The priorities of the routing rules: a cut takes precedence over a distance.
const (
	cutPriority      = 1000
	distancePriority = 2000
)

// Cut cuts two regions off from each other: packets between them are dropped, without an error to the sender.
func (n *Network) Cut(a, b string) error {
	n.lock.Lock()
	defer n.lock.Unlock()
	if _, done := n.cuts[[2]string{a, b}]; done {
		return nil
	}
	rules, err := n.between(a, b, nowhere, cutPriority, false)
	if err != nil {
		return fmt.Errorf("parting %s and %s: %w", a, b, err)
	}
	n.cuts[[2]string{a, b}], n.cuts[[2]string{b, a}] = rules, rules
	return nil
}

// Join ends a cut.
func (n *Network) Join(a, b string) {
	n.lock.Lock()
	defer n.lock.Unlock()
	remove(n.cuts[[2]string{a, b}])
	delete(n.cuts, [2]string{a, b})
	delete(n.cuts, [2]string{b, a})
}

// between adds rules that route the traffic between two regions, in both directions, by a table. With leaving, they
// match only packets that come straight out of the sender's region.
func (n *Network) between(a, b string, table, priority int, leaving bool) (rules []netlink.Rule, err error) {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		rule := netlink.NewRule()
		rule.Src, rule.Dst = ipNet(n.region(pair[0]).Ranges.Pods), ipNet(n.region(pair[1]).Ranges.Pods)
		rule.Table, rule.Priority = table, priority
		if leaving {
			rule.IifName = n.region(pair[0]).bridge.Name
		}
		if err := netlink.RuleAdd(rule); err != nil {
			remove(rules)
			return nil, err
		}
		rules = append(rules, *rule)
	}
	return rules, nil
}

func remove(rules []netlink.Rule) {
	for i := range rules {
		_ = netlink.RuleDel(&rules[i])
	}
}
