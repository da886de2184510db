package vpc

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// priorities of the rules: a cut goes before a distance.
const (
	cutPriority      = 1000
	distancePriority = 2000
)

// Cut parts two regions: whatever one sends the other is lost, without an error to the sender.
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

// between sends what goes from one region to the other, either way, by a table of routes; if asked to, only what comes
// out of the sender's region just now.
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
