package makespan

import (
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"geo-wordpress/localcloud/times"
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

// graph is a state's resources, each after those that it needs.
type graph []node

// needs are the resources that must be there before this one is made.
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

// up is the least time in which what is wanted of the graph can be made, however much is worked on at once.
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

// down is the least time in which what is wanted of the graph can be deleted: each resource after those that need it.
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

// inTurn is the time in which what is wanted is done one after the other.
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

// stays says whether a resource outlives, in the deletion, what it would go with: only such are deleted one by one.
func stays(n node) bool { return n.DeletedWith == "" }
