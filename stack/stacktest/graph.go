package stacktest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Types of resources that the tests name.
const (
	StackType    = "pulumi:pulumi:Stack"
	ProviderType = "pulumi:providers:kubernetes"
	ClusterType  = "gcp:container/cluster:Cluster"
	PoolType     = "gcp:container/nodePool:NodePool"
	DiskType     = "gcp:compute/disk:Disk"
)

// Resource is one registration.
type Resource struct {
	URN, Type, Name string
	Custom          bool // not a component
	Parent          string
	Provider        string // the explicit provider's URN, empty for the default one
	// Dependencies are all dependencies, PropertyDependencies those of each property.
	Dependencies         []string
	PropertyDependencies map[string][]string
	DeletedWith          string
	Protect              bool
	RetainOnDelete       bool
	ReplaceOnChanges     []string
	IgnoreChanges        []string

	// Inputs and Outputs keep secrets and unknown values marked.
	Inputs, Outputs resource.PropertyMap
	ID              string // empty in a preview

	plain    map[string]any // cache of Plain
	metadata *Metadata      // cache of Metadata
}

// Graph is what a run registered.
type Graph struct {
	Preview bool
	// Resources in the order of registration.
	Resources []*Resource
	// Warnings are what the program warned of.
	Warnings []string

	byURN     map[string]*Resource
	workloads []Workload // cache of Workloads
}

func (g *Graph) add(r *Resource) {
	g.Resources = append(g.Resources, r)
	g.byURN[r.URN] = r
}

// Get returns the resource with a URN; nil if there is none.
func (g *Graph) Get(urn string) *Resource { return g.byURN[urn] }

// Stack is the stack itself; its outputs are the program's.
func (g *Graph) Stack() *Resource { return g.Only(StackType) }

// Of returns the resources of a type, in the order of registration.
func (g *Graph) Of(types ...string) []*Resource {
	return g.Where(func(r *Resource) bool { return slices.Contains(types, r.Type) })
}

// Where returns the resources that pass.
func (g *Graph) Where(pass func(*Resource) bool) []*Resource {
	var found []*Resource
	for _, r := range g.Resources {
		if pass(r) {
			found = append(found, r)
		}
	}
	return found
}

// Only returns the one resource of a type, with one of the names if any are given. It panics unless there is exactly
// one: the test or the program is wrong then.
func (g *Graph) Only(typ string, names ...string) *Resource {
	found := g.Where(func(r *Resource) bool {
		return r.Type == typ && (len(names) == 0 || slices.Contains(names, r.Name))
	})
	if len(found) != 1 {
		panic(fmt.Sprintf("stacktest: %d resources of type %s named %v", len(found), typ, names))
	}
	return found[0]
}

// Ancestors are the resource's parent, its parent's parent, and so on to the stack.
func (g *Graph) Ancestors(r *Resource) []*Resource {
	var all []*Resource
	for p := g.Get(r.Parent); p != nil; p = g.Get(p.Parent) {
		all = append(all, p)
	}
	return all
}

// Needs are the URNs of what the engine creates before the resource: its dependencies, its provider and its parent. Empty
// ones are among them. PropertyDependencies are part of Dependencies.
func (r *Resource) Needs() []string {
	return append([]string{r.Parent, r.Provider, r.DeletedWith}, r.Dependencies...)
}

// Closure is everything that the engine creates before the resource: its dependencies, its provider, its parent, and
// their closures. A destroy keeps all of it until the resource is deleted.
func (g *Graph) Closure(r *Resource) map[*Resource]bool {
	seen := map[*Resource]bool{}
	var visit func(*Resource)
	visit = func(r *Resource) {
		for _, urn := range r.Needs() {
			if next := g.Get(urn); next != nil && !seen[next] {
				seen[next] = true
				visit(next)
			}
		}
	}
	visit(r)
	return seen
}

// Region is the one of the names that is part of the resource's own name, or of its nearest ancestor's; empty for
// shared resources.
func (g *Graph) Region(r *Resource, names []string) string {
	for _, each := range append([]*Resource{r}, g.Ancestors(r)...) {
		for _, part := range names {
			if named(each.Name, part) {
				return part
			}
		}
	}
	return ""
}

// named says whether a name holds another as a whole: europe-west1 is not in network-europe-west10.
func named(name, part string) bool {
	return strings.Contains("-"+name+"-", "-"+part+"-")
}

func (r *Resource) String() string { return r.Type + " " + r.Name }

// IsKubernetes says whether the resource is an object in a cluster.
func (r *Resource) IsKubernetes() bool { return strings.HasPrefix(r.Type, "kubernetes:") }

// IsProvider says whether the resource is a provider.
func (r *Resource) IsProvider() bool { return strings.HasPrefix(r.Type, "pulumi:providers:") }
