// Package declared holds the Kubernetes objects that the program declares, decoded into Kubernetes' own types. It reads
// them from the graph that a run of the whole program registers, or as API servers hold them. It does not know what the
// objects should say.
package declared

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// Stack is the objects and outputs that a stack declares.
type Stack struct {
	Config  *config.Config // nil if it was read from API servers
	Regions []*Region      // in the configuration's order
	// Outputs are the stack's outputs, secrets included, as plain values: strings, float64, map[string]any, []any. It
	// is nil if the stack was read from API servers.
	Outputs map[string]any

	values map[string]string
	graph  *stacktest.Graph
}

// Region is what a stack declares in one region's cluster: objects by namespace and name.
type Region struct {
	regions.Region
	Services     map[Key]*corev1.Service
	ConfigMaps   map[Key]*corev1.ConfigMap
	Secrets      map[Key]*corev1.Secret
	Claims       map[Key]*corev1.PersistentVolumeClaim
	StatefulSets map[Key]*appsv1.StatefulSet
	Deployments  map[Key]*appsv1.Deployment
	Jobs         map[Key]*batchv1.Job
	CronJobs     map[Key]*batchv1.CronJob
	Accounts     map[Key]*corev1.ServiceAccount
}

// Key is an object's namespace and name.
type Key struct{ Namespace, Name string }

func (k Key) String() string { return k.Namespace + "/" + k.Name }

// Committed returns the stack of the committed configuration, with the given keys set to other values.
func Committed(t testing.TB, set map[string]string) *Stack {
	t.Helper()
	values := configtest.Committed(t)
	maps.Copy(values, set)
	config, err := config.Load(values, configtest.Project)
	if err != nil {
		t.Fatalf("loading the committed configuration: %v", err)
	}
	s := of(t, values, stacktest.Options{}, config.Regions)
	s.Config = config
	return s
}

// At returns what the program declares on the same configuration at another moment: with the same keys, and other certificates.
func (s *Stack) At(t testing.TB, now time.Time) *Stack {
	t.Helper()
	return of(t, maps.Clone(s.values), stacktest.Options{Now: now}, s.Config.Regions)
}

// Rekeyed returns what the program declares on the same configuration with another authority, and other keys in its certificates.
func (s *Stack) Rekeyed(t testing.TB) *Stack {
	t.Helper()
	return of(t, maps.Clone(s.values), stacktest.Options{Rekeyed: true}, s.Config.Regions)
}

// Next returns what the program declares on the state that the stack left, with the given keys set to other values. Its
// Config is nil.
func (s *Stack) Next(t testing.TB, set map[string]string) *Stack {
	t.Helper()
	values := maps.Clone(s.values)
	maps.Copy(values, set)
	return of(t, values, stacktest.Options{Last: s.graph}, s.Config.Regions)
}

// of returns what the program declares in some regions.
func of(t testing.TB, values map[string]string, options stacktest.Options, all []regions.Region) *Stack {
	t.Helper()
	graph, err := stacktest.Run(values, options)
	if err != nil {
		t.Fatalf("running the program: %v", err)
	}
	s := &Stack{Outputs: map[string]any{}, values: values, graph: graph}
	for name, value := range graph.Stack().Outputs {
		s.Outputs[string(name)] = plain(value)
	}
	var names []string
	byName := map[string]*Region{}
	for _, r := range all {
		region := newRegion(r)
		names = append(names, r.Name)
		byName[r.Name] = region
		s.Regions = append(s.Regions, region)
	}
	for _, r := range graph.Where((*stacktest.Resource).IsKubernetes) {
		region := byName[graph.Region(r, names)]
		if region == nil {
			t.Fatalf("%s belongs to no region", r)
		}
		o, err := recorded(r)
		if err == nil {
			err = region.add(o)
		}
		if err != nil {
			t.Fatalf("decoding %s: %v", r, err)
		}
	}
	return s
}

// Region returns the region of a name. It panics if there is none.
func (s *Stack) Region(name string) *Region {
	for _, r := range s.Regions {
		if r.Name == name {
			return r
		}
	}
	panic(fmt.Sprintf("declared: no region %q", name))
}

// Grant is a role that a stack gives a member on a bucket.
type Grant struct{ Bucket, Role, Member string }

// Grants returns the roles on buckets that the stack declares.
func (s *Stack) Grants() (all []Grant) {
	for _, r := range s.graph.Where(func(r *stacktest.Resource) bool { return r.Type == "gcp:storage/bucketIAMMember:BucketIAMMember" }) {
		text := func(name resource.PropertyKey) string { return fmt.Sprint(plain(r.Inputs[name])) }
		all = append(all, Grant{Bucket: text("bucket"), Role: text("role"), Member: text("member")})
	}
	return all
}

// Output returns a string of the stack's outputs, found by the path of its keys. It panics if there is none.
func (s *Stack) Output(path ...string) string {
	var value any = s.Outputs
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	text, ok := value.(string)
	if !ok {
		panic(fmt.Sprintf("declared: the stack has no output %v, or it is no text", path))
	}
	return text
}
