package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"
)

const provider = "urn:pulumi:dev::p::pulumi:providers:gcp::default"

// The IDs are those that the published provider documents for importing each type.
func TestIdentify(t *testing.T) {
	for _, c := range []struct {
		kind, inputs, want string
	}{
		{"gcp:compute/network:Network", `{"name":"vpc"}`, "projects/p1/global/networks/vpc"},
		{"gcp:compute/network:Network", `{"name":"vpc","project":"p2"}`, "projects/p2/global/networks/vpc"},
		{"gcp:compute/subnetwork:Subnetwork", `{"name":"s","region":"r1"}`, "projects/p1/regions/r1/subnetworks/s"},
		{"gcp:compute/routerNat:RouterNat", `{"name":"n","region":"r1","router":"rt"}`, "p1/r1/rt/n"},
		{"gcp:compute/disk:Disk", `{"name":"d","zone":"z"}`, "projects/p1/zones/z/disks/d"},
		{"gcp:container/cluster:Cluster", `{"name":"c","location":"z"}`, "projects/p1/locations/z/clusters/c"},
		{"gcp:container/nodePool:NodePool", `{"name":"n","location":"z","cluster":"c"}`,
			"projects/p1/locations/z/clusters/c/nodePools/n"},
		{"gcp:container/nodePool:NodePool", `{"name":"n","cluster":"projects/p1/locations/z/clusters/c"}`,
			"projects/p1/locations/z/clusters/c/nodePools/n"},
		{"gcp:compute/instanceGroupNamedPort:InstanceGroupNamedPort",
			`{"name":"wordpress","port":30080,"zone":"z","group":"https://www.googleapis.com/compute/v1/projects/p1/zones/z/instanceGroups/g"}`,
			"projects/p1/zones/z/instanceGroups/g/30080/wordpress"},
		{"gcp:serviceaccount/account:Account", `{"accountId":"nodes"}`,
			"projects/p1/serviceAccounts/nodes@p1.iam.gserviceaccount.com"},
		{"gcp:projects/iAMMember:IAMMember", `{"project":"p1","role":"roles/x","member":"user:a"}`, "p1/roles/x/user:a"},
		{"gcp:serviceaccount/iAMMember:IAMMember", `{"serviceAccountId":"projects/p1/serviceAccounts/a","role":"roles/x","member":"user:a"}`,
			"projects/p1/serviceAccounts/a/roles/x/user:a"},
		{"gcp:storage/bucket:Bucket", `{"name":"backups"}`, "backups"},
		{"gcp:storage/bucketIAMMember:BucketIAMMember", `{"bucket":"backups","role":"roles/x","member":"user:a"}`, "b/backups/roles/x/user:a"},
		{"gcp:compute/securityPolicy:SecurityPolicy", `{"name":"limits"}`, "projects/p1/global/securityPolicies/limits"},
		{"gcp:compute/resourcePolicy:ResourcePolicy", `{"name":"daily","region":"r1"}`, "projects/p1/regions/r1/resourcePolicies/daily"},
		{"gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment", `{"name":"daily","disk":"d","zone":"z"}`, "p1/z/d/daily"},
		{"gcp:projects/service:Service", `{"service":"compute.googleapis.com"}`, "p1/compute.googleapis.com"},
		{"kubernetes:core/v1:Secret", `{"metadata":{"name":"n","namespace":"ns"}}`, "ns/n"},
		{"kubernetes:core/v1:Namespace", `{"metadata":{"name":"n"}}`, "n"},
		{"random:index/randomBytes:RandomBytes", `{"length":8}`, ""},
		{"pulumi:providers:kubernetes", `{}`, ""},
	} {
		var in object
		decoder := json.NewDecoder(strings.NewReader(c.inputs))
		decoder.UseNumber()
		if err := decoder.Decode(&in); err != nil {
			t.Fatal(err)
		}
		if got, err := identify(c.kind, in, "p1"); err != nil || got != c.want {
			t.Errorf("%s %s: %q, %v; want %q", c.kind, c.inputs, got, err, c.want)
		}
	}
}

func TestIdentifyRefusesToGuess(t *testing.T) {
	for kind, in := range map[string]object{
		"gcp:sql/databaseInstance:DatabaseInstance": {"name": "x"},
		"gcp:compute/disk:Disk":                     {"name": "x"},
		"gcp:compute/network:Network":               {},
		"kubernetes:core/v1:Secret":                 {"metadata": object{}},
	} {
		if id, err := identify(kind, in, "p1"); err == nil {
			t.Errorf("%s %v: %q", kind, in, id)
		}
	}
	if id, err := identify("gcp:compute/network:Network", object{"name": "x"}, ""); err == nil {
		t.Errorf("without a project: %q", id)
	}
}

func exported(t *testing.T, resources, pending string) state {
	t.Helper()
	s, err := parse([]byte(`{"version":3,"deployment":{"resources":[
		{"urn":"` + provider + `","custom":true,"id":"1-2","type":"pulumi:providers:gcp","inputs":{"project":"p1"}}` + resources +
		`],"pending_operations":[` + pending + `]}}`))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func creating(urn, kind, inputs string) string {
	return `{"type":"creating","resource":{"urn":"` + urn + `","custom":true,"type":"` + kind + `","provider":"` + provider +
		`::1-2","inputs":` + inputs + `}}`
}

const network = "gcp:compute/network:Network"

func TestAnInterruptedCreationIsAdded(t *testing.T) {
	s := exported(t, "", creating("u", network, `{"name":"vpc","__defaults":["name"]}`))
	adopted, err := s.adopt()
	if err != nil || len(adopted) != 1 {
		t.Fatal(adopted, err)
	}
	r := s.list("resources")[1]
	outputs := r["outputs"].(object)
	if r["id"] != "projects/p1/global/networks/vpc" || outputs["name"] != "vpc" || outputs["__defaults"] != nil ||
		r["delete"] != nil || len(s.list("pending_operations")) != 0 {
		t.Errorf("%v", r)
	}
	if inputs := r["inputs"].(object); inputs["__defaults"] == nil {
		t.Error("the inputs no longer mark the name as generated, so the next update generates another")
	}
	if s.mark(adopted) {
		t.Error("a network is marked as unfinished")
	}
}

func TestAClusterIsLeftToTheNextUpdate(t *testing.T) {
	s := exported(t, "", creating("u", "gcp:container/cluster:Cluster", `{"name":"c","location":"z"}`))
	adopted, err := s.adopt()
	if err != nil {
		t.Fatal(err)
	}
	if !s.mark(adopted) || s.list("resources")[1]["initErrors"] == nil {
		t.Error("the cluster is not marked as unfinished")
	}
	gone := exported(t, "", "")
	if gone.mark(adopted) {
		t.Error("a resource that the refresh dropped is marked")
	}
}

// An update that waits for a cluster may be killed too, and the refresh removes the earlier mark.
func TestAnInterruptedUpdateOfAClusterIsLeftToTheNextOne(t *testing.T) {
	const cluster = `{"urn":"u","custom":true,"id":"c","type":"gcp:container/cluster:Cluster"}`
	s := exported(t, ","+cluster, `{"type":"updating","resource":`+cluster+`}`)
	adopted, err := s.adopt()
	if err != nil || len(adopted) != 1 || !s.holds(adopted[0]) {
		t.Fatal(adopted, err)
	}
	if !s.mark(adopted) || s.list("resources")[1]["initErrors"] == nil {
		t.Error("the cluster is not marked as unfinished")
	}
}

// In the update that waits, the engine does not pass ignoreChanges to the provider.
func TestAnUpdateThatWaitsFindsNoIgnoredChange(t *testing.T) {
	const (
		pool = `{"urn":"p","custom":true,"id":"p","type":"gcp:container/nodePool:NodePool",
			"ignoreChanges":["nodeConfig.kubeletConfig","nodeConfig.resourceLabels"],"inputs":{"nodeConfig":{"machineType":"m"}},
			"outputs":{"nodeConfig":{"machineType":"m","kubeletConfig":{"x":1},"resourceLabels":{"goog":"y"}}}}`
		cluster = `{"urn":"c","custom":true,"id":"c","type":"gcp:container/cluster:Cluster",
			"ignoreChanges":["nodeConfig"],"inputs":{"nodeConfig":{"diskSizeGb":20,"__defaults":[],"nested":{"__defaults":[]}}},"outputs":{"name":"c"}}`
	)
	s := exported(t, ","+pool+","+cluster, `{"type":"updating","resource":`+pool+`},{"type":"updating","resource":`+cluster+`}`)
	adopted, err := s.adopt()
	if err != nil || !s.mark(adopted) {
		t.Fatal(adopted, err)
	}
	for i, want := range []string{`{"nodeConfig":{"machineType":"m"}}`, `{"name":"c","nodeConfig":{"diskSizeGb":20,"nested":{}}}`} {
		if got, _ := json.Marshal(s.list("resources")[i+1]["outputs"]); string(got) != want {
			t.Errorf("recorded as %s, want %s", got, want)
		}
	}
}

func TestADuplicateIsDeletedByTheNextUpdate(t *testing.T) {
	s := exported(t, `,{"urn":"u","custom":true,"id":"projects/p1/global/networks/new","type":"`+network+`"}`,
		creating("u", network, `{"name":"old"}`)+","+creating("u", network, `{"name":"new"}`))
	adopted, err := s.adopt()
	if err != nil || len(adopted) != 1 || !adopted[0].duplicate {
		t.Fatal(adopted, err)
	}
	all := s.list("resources")
	if len(all) != 3 || all[1]["delete"] != nil || all[2]["delete"] != true || all[2]["id"] != "projects/p1/global/networks/old" {
		t.Errorf("%v", all)
	}
}

func TestResourcesOfTheStateAloneAreCreatedAgain(t *testing.T) {
	s := exported(t, "", creating("u", "random:index/randomBytes:RandomBytes", `{"length":8}`)+
		`,{"type":"creating","resource":{"urn":"c","type":"geo-wordpress:network:Network"}}`+
		`,{"type":"deleting","resource":{"urn":"d","custom":true,"id":"x","type":"`+network+`"}}`)
	adopted, err := s.adopt()
	if err != nil || len(s.list("resources")) != 1 {
		t.Fatal(s.list("resources"), err)
	}
	var urns []string
	for _, a := range adopted {
		urns = append(urns, a.urn)
	}
	if !slices.Equal(urns, []string{"u", "d"}) {
		t.Errorf("adopted %v", urns)
	}
	if s.holds(adopted[0]) || s.holds(adopted[1]) {
		t.Error("a resource that is not in the state counts as a target of the refresh")
	}
}

// The ID of every resource that the program declares, with and without a domain, follows from its inputs.
func TestEveryDeclaredResourceHasAnID(t *testing.T) {
	for _, domain := range []string{"", "www.example.com"} {
		values := configtest.Committed(t)
		if domain != "" {
			values["geo-wordpress:domain"], values["geo-wordpress:dnsZone"] = domain, "example-com"
		}
		graph, err := stacktest.Run(values, stacktest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]string{}
		for _, r := range graph.Resources {
			if !r.Custom || r.IsProvider() || strings.HasPrefix(r.Type, "random:") {
				continue
			}
			inputs := r.Plain()
			if r.IsKubernetes() {
				if r.Metadata().Name == "" { // generated by the provider, in the inputs that the engine records
					metadata, _ := inputs["metadata"].(object)
					metadata = maps.Clone(metadata)
					if metadata == nil {
						metadata = object{}
					}
					metadata["name"] = r.Name
					inputs["metadata"] = metadata
				}
			} else if inputs["name"] == nil {
				inputs["name"] = r.Name
			}
			id, err := identify(r.Type, inputs, "p1")
			if err != nil || id == "" {
				t.Errorf("%s: %q, %v", r, id, err)
			}
			if other := ids[r.Type+id+r.Provider]; other != "" {
				t.Errorf("%s and %s have the same ID: %s", r, other, id)
			}
			ids[r.Type+id+r.Provider] = r.Name
		}
		if len(ids) < 100 {
			t.Errorf("only %d resources", len(ids))
		}
	}
}
