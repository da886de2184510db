package vpc

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
func (v *VPC) Cut(a, b string) error {
	v.lock.Lock()
	defer v.lock.Unlock()
	if _, done := v.cuts[[2]string{a, b}]; done {
		return nil
	}
	rules, err := v.between(a, b, nowhere, cutPriority, false)
	if err != nil {
		return fmt.Errorf("parting %s and %s: %w", a, b, err)
	}
	v.cuts[[2]string{a, b}], v.cuts[[2]string{b, a}] = rules, rules
	return nil
}

// Join ends a cut.
func (v *VPC) Join(a, b string) {
	v.lock.Lock()
	defer v.lock.Unlock()
	remove(v.cuts[[2]string{a, b}])
	delete(v.cuts, [2]string{a, b})
	delete(v.cuts, [2]string{b, a})
}

// between adds rules that route the traffic between two regions, in both directions, by a table. With leaving, they
// match only packets that come straight out of the sender's region.
func (v *VPC) between(a, b string, table, priority int, leaving bool) (rules []netlink.Rule, err error) {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		rule := netlink.NewRule()
		rule.Src, rule.Dst = ipNet(v.region(pair[0]).Ranges.Pods), ipNet(v.region(pair[1]).Ranges.Pods)
		rule.Table, rule.Priority = table, priority
		if leaving {
			rule.IifName = v.region(pair[0]).bridge.Name
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
