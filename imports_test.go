package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers are the packages of this repository that each package may import, as docs/changing.md has them. A pattern that
// ends in /... stands for a package and all below it. The first pattern that matches a package counts.
var layers = []struct {
	of      string
	allowed []string
}{
	{"", []string{"stack"}},
	{"googlecloud", nil},
	{"ports", nil},
	{"times", nil},
	{"regions", []string{"googlecloud"}},
	{"sizing", []string{"googlecloud"}},
	{"state", nil},
	{"config", []string{"googlecloud", "regions", "shield", "sizing", "state"}},
	{"shield", nil},
	{"shield/shieldtest", nil},
	{"config/configtest", []string{"googlecloud", "regions", "sizing"}},
	{"components/internal/...", []string{"regions", "sizing", "components/internal/..."}},
	{"components/loadbalancer", []string{"config", "ports", "regions", "shield", "sizing", "state", "components/..."}},
	{"components/...", []string{"config", "ports", "regions", "shield", "sizing", "components/..."}},
	{"stack", []string{"config", "regions", "shield", "sizing", "state", "components/..."}},
	{"stack/stacktest", []string{"config/configtest", "stack"}},
	{"tools/...", nil},

	{"localcloud/rpc", leaves},
	{"localcloud/endpoint", leaves},
	{"localcloud/loadbalancer", leaves},
	{"localcloud/random", leaves},
	{"localcloud/machines/vpc", leaves},
	{"localcloud/controlplane", slices.Concat(leaves, []string{"localcloud/endpoint"})},
	{"localcloud/controlplane/components", []string{"localcloud/controlplane"}},
	{"localcloud/gcp/api", leaves},
	{"localcloud/gcp/compute", slices.Concat(leaves, []string{"localcloud/gcp/api"})},
	{"localcloud/gcp/dns", slices.Concat(leaves, []string{"localcloud/gcp/api"})},
	{"localcloud/gcp/certificatemanager", slices.Concat(leaves, []string{"localcloud/gcp/api", "localcloud/gcp/dns"})},
	{"localcloud/gcp/iam", slices.Concat(leaves, []string{"localcloud/gcp/api"})},
	{"localcloud/gcp/provider", slices.Concat(leaves, []string{"localcloud/gcp/api"})},
	{"localcloud/gcp/container", slices.Concat(leaves, []string{"localcloud/gcp/api", "localcloud/gcp/compute", "localcloud/gcp/iam"})},
	{"localcloud/gcp/storage", slices.Concat(leaves, []string{"localcloud/gcp/api", "localcloud/gcp/iam"})},
	{"localcloud/gcp/monitoring", slices.Concat(leaves, []string{"localcloud/gcp/api"})},
	{"localcloud/gcp", slices.Concat(leaves, []string{"localcloud/gcp/..."})},
	{"localcloud/machines/kubeclient", []string{"localcloud/cloud"}},
	{"localcloud/machines/podenv", nil},
	{"localcloud/machines/metrics", []string{"localcloud/machines/kubeclient"}},
	{"localcloud/machines/network", slices.Concat(leaves, []string{"localcloud/machines/vpc", "localcloud/machines/software/google"})},
	{"localcloud/machines/volumes", slices.Concat(leaves, []string{"localcloud/machines/kubeclient", "localcloud/machines/podenv",
		"localcloud/machines/software/nfs"})},
	{"localcloud/machines/nodes", slices.Concat(leaves, []string{"localcloud/machines/kubeclient", "localcloud/machines/volumes"})},
	{"localcloud/machines/kubelet", slices.Concat(leaves, []string{"localcloud/machines/kubeclient", "localcloud/machines/podenv",
		"localcloud/machines/network", "localcloud/machines/volumes", "localcloud/machines/nodes", "localcloud/machines/vpc",
		"localcloud/machines/software/models", "localcloud/machines/software/nfs", "localcloud/machines/software/shell"})},
	{"localcloud/machines", slices.Concat(leaves, []string{"localcloud/machines/kubeclient", "localcloud/machines/network",
		"localcloud/machines/volumes", "localcloud/machines/nodes", "localcloud/machines/kubelet", "localcloud/machines/vpc",
		"localcloud/machines/metrics"})},
	{"localcloud/machines/software/softwaretest", []string{"localcloud/cloud", "localcloud/machines/software",
		"localcloud/machines/software/google", "localcloud/machines/software/models"}},
	{"localcloud/machines/software/google", []string{"localcloud/cloud", "localcloud/machines/software"}},
	{"localcloud/machines/software/models", []string{"localcloud/machines/software", "localcloud/machines/software/database",
		"localcloud/machines/software/nfs", "localcloud/machines/software/shell", "localcloud/machines/software/syncthing",
		"localcloud/machines/software/web"}},
	{"localcloud/machines/software/shell", []string{"localcloud/machines/software", "localcloud/machines/software/database",
		"localcloud/machines/software/google"}},
	{"localcloud/machines/software/web", []string{"localcloud/machines/software", "localcloud/machines/software/database"}},
	{"localcloud/machines/software/...", []string{"localcloud/machines/software"}},
	{"localcloud/realsite", []string{"googlecloud", "localcloud/cloud", "localcloud/machines"}},
	{"localcloud/daemon", slices.Concat(leaves, []string{"localcloud/rpc", "localcloud/loadbalancer", "localcloud/random",
		"localcloud/controlplane", "localcloud/gcp", "localcloud/gcp/api", "localcloud/machines", "localcloud/realsite"})},
	{"localcloud/dashboard", []string{"localcloud/daemon"}},
	{"localcloud/cli", slices.Concat(leaves, []string{"localcloud/controlplane", "localcloud/daemon", "localcloud/dashboard",
		"localcloud/loadbalancer", "localcloud/realsite"})},
	{"localcloud", []string{"localcloud/cli", "localcloud/controlplane/components"}},
	{"localcloud/...", []string{"googlecloud"}}, // the leaves, and packages of tests
}

var leaves = []string{"localcloud/armor", "localcloud/cloud", "localcloud/store", "localcloud/home", "localcloud/ports", "localcloud/faults",
	"localcloud/gcp/schema", "localcloud/machines/software", "googlecloud", "times"}

// TestImports checks that every package imports only the layers below it.
func TestImports(t *testing.T) {
	for _, module := range []string{".", "localcloud"} {
		list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
		list.Dir = module
		out, err := list.Output()
		if err != nil {
			t.Fatalf("%s in %s: %v", list, module, err)
		}
		for line := range strings.Lines(string(out)) {
			packages := strings.Fields(line)
			name, _ := ours(packages[0])
			allowed, known := layer(name)
			if !known {
				t.Errorf("package %s has no rule in this test and in docs/changing.md", name)
			}
			for _, path := range packages[1:] {
				imported, own := ours(path)
				if own && !slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, imported) }) {
					t.Errorf("%s imports %s, which docs/changing.md does not allow", name, imported)
				}
			}
		}
	}
}

func layer(name string) (allowed []string, known bool) {
	for _, l := range layers {
		if matches(l.of, name) {
			return l.allowed, true
		}
	}
	return nil, false
}

func matches(pattern, name string) bool {
	parent, below := strings.CutSuffix(pattern, "/...")
	return name == parent || below && strings.HasPrefix(name, parent+"/")
}

// ours returns the path of a package below the root of this repository, and whether it is in it.
func ours(path string) (name string, own bool) {
	name, own = strings.CutPrefix(path, "geo-wordpress")
	return strings.TrimPrefix(name, "/"), own
}
