package main

import (
	"strings"
	"testing"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
)

// exported is a state as `pulumi stack export` writes it, of a stack with three e2-standard-2 in one region.
const exported = `{"version": 3, "deployment": {"resources": [
	{"urn": "urn:pulumi:prod::geo-wordpress::pulumi:pulumi:Stack::geo-wordpress-prod", "type": "pulumi:pulumi:Stack"},
	{"type": "gcp:compute/network:Network", "id": "projects/my-project/global/networks/network-1", "outputs": {"name": "network-1"}},
	{"type": "gcp:compute/subnetwork:Subnetwork", "id": "projects/my-project/regions/europe-west1/subnetworks/s", "outputs": {}},
	{"type": "gcp:compute/disk:Disk", "id": "projects/my-project/zones/europe-west1-b/disks/pd", "outputs": {"zone": "europe-west1-b", "size": 20}},
	{"type": "gcp:compute/disk:Disk", "id": "projects/my-project/zones/europe-west1-b/disks/tikv", "outputs": {"zone": "https://www.googleapis.com/compute/v1/projects/my-project/zones/europe-west1-b", "size": 100}},
	{"type": "gcp:container/nodePool:NodePool", "id": "projects/my-project/locations/europe-west1-b/clusters/c/nodePools/p",
	 "outputs": {"location": "europe-west1-b", "nodeCount": 3, "nodeConfig": {"machineType": "e2-standard-2", "diskSizeGb": 50}}},
	{"type": "gcp:compute/securityPolicy:SecurityPolicy", "id": "projects/my-project/global/securityPolicies/s", "outputs": {"rules": [
	 {"priority": 1000, "match": {"expr": {"expression": "request.path.contains('/install.php')"}}},
	 {"priority": 2147483647, "match": {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}}]}},
	{"type": "gcp:compute/firewall:Firewall", "id": "", "outputs": {}}]}}`

// A stack that is up needs room only for what it does not hold.
func TestQuotasOfAStackThatIsUp(t *testing.T) {
	f := newFake(t)
	f.programs["pulumi stack export --stack prod"] = exported
	f.set(computeEngine, "/compute/v1/projects/my-project/aggregated/subnetworks", 200, `{"items": {"regions/europe-west1": {"subnetworks": [
		{"name": "s", "network": "https://www.googleapis.com/compute/v1/projects/my-project/global/networks/network-1", "ipCidrRange": "10.64.0.0/20"}]}}}`)
	out, status := f.run(false)
	for _, part := range []string{
		"quotas of europe-west1: CPUS 2 of 23 free, INSTANCES 1 of 23 free, SSD_TOTAL_GB 100 of 499 free", // a machine, its disk, and the files' disk
		"quotas of europe-west2: CPUS 8 of 23 free",
		"CPUS_ALL_REGIONS 14 of 31 free, SUBNETWORKS 2 of 99 free",
		"✓ ranges: no network of the project has the same addresses", // its own do not count
	} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is missing:\n%s", part, out)
		}
	}
	if status != 0 || strings.Contains(out, " NETWORKS") {
		t.Errorf("exit status %d:\n%s", status, out)
	}
}

// Of a policy that grows, only the rules that are new need room.
func TestQuotasOfAPolicyThatGrows(t *testing.T) {
	c, err := config.Load(withShield(t), configtest.Project)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, n := range global(c, heldBy([]byte(exported))) {
		got[n.metric] = n.amount
	}
	// The installation page, XML-RPC, the login page, users' names, all requests, and the rest.
	for metric, want := range map[string]int{"SECURITY_POLICIES": 0, "SECURITY_POLICY_RULES": 6 - 2, "SECURITY_POLICY_CEVAL_RULES": 4 - 1} {
		if got[metric] != want {
			t.Errorf("%s: %d more are needed, want %d", metric, got[metric], want)
		}
	}
}

func withShield(t *testing.T) map[string]string {
	values := configtest.Committed(t)
	values["geo-wordpress:shield"] = `{"loginsPerMinute":30,"banMinutes":15,"requestsPerMinute":1000}`
	values["geo-wordpress:installFrom"] = `["203.0.113.7/32"]`
	return values
}

// A state that cannot be read is no reason to fail.
func TestStateThatCannotBeRead(t *testing.T) {
	if h := heldBy([]byte("not JSON")); len(h.machines) != 0 {
		t.Errorf("got %+v", h)
	}
}
