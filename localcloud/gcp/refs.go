package gcp

import (
	"fmt"
	"sort"
	"strings"

	"geo-wordpress/localcloud/gcp/schema"
)

// The collections that inputs refer to, as spelled in resource names.
const (
	networks           = "networks"
	subnetworks        = "subnetworks"
	routers            = "routers"
	addresses          = "addresses"
	healthChecks       = "healthChecks"
	instanceGroups     = "instanceGroups"
	backendServices    = "backendServices"
	urlMaps            = "urlMaps"
	targetHTTPProxies  = "targetHttpProxies"
	targetHTTPSProxies = "targetHttpsProxies"
	sslCertificates    = "sslCertificates"
	clusters           = "clusters"
)

var collectionScopes = map[string]scope{
	"disks":  zonal,
	networks: global, subnetworks: regional, routers: regional, addresses: global, healthChecks: global,
	instanceGroups: zonal, backendServices: global, urlMaps: global, targetHTTPProxies: global,
	targetHTTPSProxies: global, sslCertificates: global, clusters: located,
}

// memberName is the resource name of a member of a collection.
func memberName(at place, collection, name string) string {
	switch collectionScopes[collection] {
	case regional:
		return fmt.Sprintf("projects/%s/regions/%s/%s/%s", at.project, at.region, collection, name)
	case zonal:
		return fmt.Sprintf("projects/%s/zones/%s/%s/%s", at.project, at.zone, collection, name)
	case located:
		return fmt.Sprintf("projects/%s/locations/%s/%s/%s", at.project, at.location, collection, name)
	default:
		return fmt.Sprintf("projects/%s/global/%s/%s", at.project, collection, name)
	}
}

// resourceName converts a reference in any form that Google accepts to a resource name: a self link, a resource name,
// the part of one that starts at its zone, region or "global", or a name alone, which means the same project and place.
func resourceName(at place, collections []string, path, value string) (string, error) {
	name := schema.TrimURL(value)
	parts := strings.Split(name, "/")
	if len(parts) == 1 && name != "" && !strings.Contains(name, ":") {
		return memberName(at, collections[0], name), nil
	}
	if parts[0] == "global" || parts[0] == "regions" || parts[0] == "zones" {
		name = "projects/" + at.project + "/" + name
		parts = strings.Split(name, "/")
	}
	if parts[0] != "projects" || len(parts) < 5 {
		return "", invalid(path, value, "The URL is malformed.")
	}
	got := parts[len(parts)-2]
	for _, c := range collections {
		scoped := map[scope]string{global: "global", regional: "regions", zonal: "zones", located: "locations"}
		want := 6
		if collectionScopes[c] == global {
			want = 5
		}
		if got == c && parts[2] == scoped[collectionScopes[c]] && len(parts) == want {
			return name, nil
		}
	}
	return "", invalid(path, value, "Unexpected resource collection '%s'.", got)
}

// resolve looks up the references in the inputs, checks that each target exists, and returns the inputs with every
// reference in the form that Google's API returns.
func (t *txn) resolve(k *kind, in object, at place) (object, []reference, error) {
	out := in.clone()
	w := walker{t: t, k: k, at: at}
	w.object("", k.fields, out)
	if w.err != nil {
		return nil, nil, w.err
	}
	sort.Slice(w.refs, func(i, j int) bool { return w.refs[i].Path < w.refs[j].Path })
	return out, w.refs, nil
}

type walker struct {
	t    *txn
	k    *kind
	at   place
	refs []reference
	err  error
}

func (w *walker) object(path string, fs schema.Fields, o map[string]any) {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if f := fs[name]; f != nil && w.err == nil {
			here := name
			if path != "" {
				here = path + "." + name
			}
			o[name] = w.value(here, f, o[name])
		}
	}
}

func (w *walker) value(path string, f *schema.Field, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if f.Kind == schema.Object {
			w.object(path, f.Fields, v)
		}
	case []any:
		for i := range v {
			if w.err == nil {
				v[i] = w.value(fmt.Sprintf("%s[%d]", path, i), f.Elem, v[i])
			}
		}
	case string:
		if len(f.Refs) > 0 && v != "" && !(w.k.literal != nil && w.k.literal(path, v)) {
			return w.reference(path, f, v)
		}
	}
	return v
}

func (w *walker) reference(path string, f *schema.Field, v string) any {
	name, err := resourceName(w.at, f.Refs, path, v)
	if err == nil {
		var target *record
		target, err = w.t.find(name)
		switch {
		case err != nil:
		case target == nil:
			err = notFound(name)
		case target.State == stopping, target.State == provisioning && target.Type != nodePoolType:
			err = notReady(name)
		}
	}
	if err != nil {
		w.err = err
		return v
	}
	w.refs = append(w.refs, reference{Path: path, Target: name, Weak: f.Weak})
	switch {
	case f.KeepForm:
		return v
	case w.k.service == containerAPI:
		return name
	default:
		return selfLink(name)
	}
}

// target returns the resource name that a path of the inputs refers to; empty when it refers to none.
func (r *record) target(path string) string {
	for _, ref := range r.Refs {
		if ref.Path == path {
			return ref.Target
		}
	}
	return ""
}

// targets returns the resource names that paths with a prefix refer to.
func (r *record) targets(prefix string) []string {
	var out []string
	for _, ref := range r.Refs {
		if strings.HasPrefix(ref.Path, prefix) {
			out = append(out, ref.Target)
		}
	}
	return out
}
