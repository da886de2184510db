package makespan

import (
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"geo-wordpress/times"
)

// node is a resource in an exported state.
type node struct {
	URN                  resource.URN
	Custom               bool
	Parent               resource.URN
	Provider             string
	Dependencies         []resource.URN
	PropertyDependencies map[string][]resource.URN
	DeletedWith          resource.URN
}

// graph is the resources of a state, in dependency order.
type graph []node

// needs lists the resources that must exist before this one is created.
func (n node) needs() []resource.URN {
	all := append([]resource.URN{}, n.Dependencies...)
	for _, urns := range n.PropertyDependencies {
		all = append(all, urns...)
	}
	if i := strings.LastIndex(n.Provider, "::"); i > 0 {
		all = append(all, resource.URN(n.Provider[:i]))
	}
	return append(all, n.DeletedWith)
}

func (n node) google() bool { return strings.HasPrefix(string(n.URN.Type()), "gcp:") }

// up returns the critical path of creating the wanted resources: the least time, with unlimited parallelism.
func (g graph) up(wanted func(node) bool) time.Duration {
	ends := map[resource.URN]time.Duration{}
	var longest time.Duration
	for _, n := range g {
		var begin time.Duration
		for _, need := range n.needs() {
			begin = max(begin, ends[need])
		}
		ends[n.URN] = begin
		if wanted(n) {
			ends[n.URN] += takes(n.URN, times.Create)
		}
		longest = max(longest, ends[n.URN])
	}
	return longest
}

// down returns the critical path of deleting the wanted resources, each after its dependents.
func (g graph) down(wanted func(node) bool) time.Duration {
	begins := map[resource.URN]time.Duration{}
	var longest time.Duration
	for i := len(g) - 1; i >= 0; i-- {
		n := g[i]
		end := begins[n.URN]
		if wanted(n) {
			end += takes(n.URN, times.Delete)
		}
		for _, need := range n.needs() {
			begins[need] = max(begins[need], end)
		}
		longest = max(longest, end)
	}
	return longest
}

// inTurn returns the time of the wanted operations one after the other.
func (g graph) inTurn(verb times.Verb, wanted func(node) bool) time.Duration {
	var sum time.Duration
	for _, n := range g {
		if wanted(n) {
			sum += takes(n.URN, verb)
		}
	}
	return sum
}

func everything(node) bool { return true }

func google(n node) bool { return n.google() }

func notGoogle(n node) bool { return !n.google() }

// stays reports whether a resource is deleted by itself, not together with another (DeletedWith).
func stays(n node) bool { return n.DeletedWith == "" }
