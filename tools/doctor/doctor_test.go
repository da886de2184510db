package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

func TestEverythingIsRight(t *testing.T) {
	f := newFake(t)
	out, status := f.run(false)
	if status != 0 || strings.Contains(out, "✗") || strings.Contains(out, "–") || strings.Contains(out, "!") {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	for _, part := range []string{"✓ quotas of europe-west1: CPUS 8 of 23 free", "CPUS_ALL_REGIONS 20 of 31 free",
		"this machine's address 203.0.113.7 is in 203.0.113.7/32", "✓ APIs: the stack will enable container.googleapis.com",
		"✓ key of the secrets: the account may use it", "before traffic and tax, the stack costs about $"} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is missing:\n%s", part, out)
		}
	}
	for _, asked := range f.asked {
		if !strings.HasPrefix(asked, "GET ") && !strings.HasSuffix(asked, ":testIamPermissions") {
			t.Errorf("doctor must change nothing, and asked %s", asked)
		}
	}
}

// Each row breaks one thing. want are parts of the output, in order; the exit status is 1 if there is a ✗ among them.
func TestOneThingIsWrong(t *testing.T) {
	low := func(f *fake) {
		f.set(computeEngine, "/compute/v1/projects/my-project/regions/europe-west2", 200, quotaJSON(map[string]int{"CPUS": 8, "SSD_TOTAL_GB": 100}))
	}
	for _, row := range []struct {
		name string
		set  func(*fake)
		want []string
	}{
		{"no pulumi", func(f *fake) { delete(f.programs, "pulumi version") },
			[]string{"✗ pulumi: not on the PATH", "https://www.pulumi.com/docs/install/", "– state: needs pulumi", "✓ credentials"}},
		{"the local cloud's shell", func(f *fake) { f.variables = map[string]string{"PULUMI_DEBUG_PROVIDERS": "gcp:1234"} }, []string{"✗ shell: it is set up for the local cloud", "open another shell"}},
		{"an old go", func(f *fake) { f.programs["go env GOVERSION"] = "go1.21.5" }, []string{"✗ go: go1.21.5 is older than go1.24", "https://go.dev/doc/install"}},
		{"no plugin", func(f *fake) { delete(f.programs, "gke-gcloud-auth-plugin --version") },
			[]string{"✗ gke-gcloud-auth-plugin: not on the PATH", "gcloud components install gke-gcloud-auth-plugin", "the package google-cloud-cli-gke-gcloud-auth-plugin"}},
		{"no kubectl", func(f *fake) { delete(f.programs, "kubectl version --client") },
			[]string{"! kubectl: not on the PATH; the commands in docs/ use it", "gcloud components install kubectl", "the package kubectl"}},
		{"no backend", func(f *fake) { delete(f.programs, "pulumi whoami --non-interactive --verbose") }, []string{"✗ state: Pulumi has no backend", "pulumi login"}},
		{"not the repository", func(f *fake) { delete(f.files, "Pulumi.yaml") },
			[]string{"✗ stack: there is no Pulumi.yaml here", "– secrets: needs the stack", "✓ credentials", "– project: no project is configured", "– roles"}},
		{"no file of the stack", func(f *fake) { delete(f.files, "Pulumi.prod.yaml") },
			[]string{"! stack: prod has no file Pulumi.prod.yaml", "✗ configuration: gcp:project: is not set", "– project: no project is configured", "pulumi config set gcp:project"}},
		{"two mistakes", func(f *fake) {
			f.files["Pulumi.prod.yaml"] = "config: {gcp:project: my-project, geo-wordpress:machineType: e2-standard-3, geo-wordpress:nodesPerRegion: \"0\"}"
		}, []string{"✗ configuration: geo-wordpress:machineType: \"e2-standard-3\": has no such size", "docs/configuration.md", "✗ configuration: geo-wordpress:nodesPerRegion", "✓ project", "✓ roles", "– quotas: needs a valid configuration", "– authorized networks"}},
		{"the public passphrase", func(f *fake) {
			dev, err := os.ReadFile("../../Pulumi.dev.yaml")
			if err != nil {
				t.Fatal(err)
			}
			f.files["Pulumi.prod.yaml"], f.files["Pulumi.dev.yaml"] = strings.ReplaceAll(string(dev), "geo-wordpress-dev", project), string(dev)
			f.address = "192.0.2.9"
		}, []string{"✗ secrets: they are encrypted with the local cloud's passphrase", "gcpkms://"}},
		{"a passphrase", func(f *fake) {
			f.files["Pulumi.prod.yaml"] = "encryptionsalt: v1:abc:v1:def:ghi\nconfig: {gcp:project: my-project, geo-wordpress:machineType: e2-standard-2, geo-wordpress:nodesPerRegion: \"3\", geo-wordpress:authorizedNetworks: [203.0.113.7/32]}"
		}, []string{"! secrets: encrypted with a passphrase"}},
		{"no credentials", func(f *fake) { f.login = http.ErrNoCookie },
			[]string{"✗ credentials: no Application Default Credentials", login, "– project", "– billing", "– quotas", "✓ authorized networks"}},
		{"a key file that is gone", func(f *fake) {
			f.login = os.ErrNotExist
			f.variables = map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "/home/somebody/key.json"}
		}, []string{"✗ credentials: GOOGLE_APPLICATION_CREDENTIALS names key.json: file does not exist", "unset it, and " + login}},
		{"expired credentials", func(f *fake) {
			f.login = &oauth2.RetrieveError{ErrorCode: "invalid_grant", ErrorDescription: "Token has been expired or revoked."}
		}, []string{"✗ credentials: Google refuses them (expired or revoked): Token has been expired or revoked.", login}},
		{"no network", func(f *fake) { f.login = &net.OpError{Op: "dial", Net: "tcp", Err: net.UnknownNetworkError("x")} },
			[]string{"✗ credentials: no answer from Google", "check the network"}},
		{"the network ends", func(f *fake) { f.server.Close() },
			[]string{"✓ credentials", "✗ project: no answer from cloudresourcemanager.googleapis.com", "check the network", "– billing"}},
		{"a proxy's page", func(f *fake) { f.set(resourceManager, "/v3/projects/my-project", 200, "<html>Sign in</html>") },
			[]string{"✗ project: cloudresourcemanager.googleapis.com answered something else than JSON (a proxy?)"}},
		{"a refused token", func(f *fake) {
			f.set(resourceManager, "/v3/projects/my-project", 401, `{"error": {"code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED"}}`)
		}, []string{"✗ project: Google does not accept the credentials", login}},
		{"no such project", func(f *fake) {
			f.set(resourceManager, "/v3/projects/my-project", 403, denied("The caller does not have permission", "IAM_PERMISSION_DENIED"))
		}, []string{"✗ project: my-project does not exist, or this account may not see it", "gcloud projects list", "– billing"}},
		{"no resource manager", func(f *fake) { f.set(resourceManager, "/v3/projects/my-project", 403, disabled(resourceManager)) },
			[]string{"✗ project: cloudresourcemanager.googleapis.com is not enabled", "gcloud services enable cloudresourcemanager.googleapis.com --project 415104041262"}}, // the consumer that Google names
		{"an API that is off in a project that Google does not name", func(f *fake) {
			f.set(resourceManager, "/v3/projects/my-project", 403, denied("It is disabled.", "SERVICE_DISABLED"))
		}, []string{"✗ project: cloudresourcemanager.googleapis.com is not enabled", "gcloud services enable cloudresourcemanager.googleapis.com --project my-project"}},
		{"a quota project that refuses", func(f *fake) {
			f.set(resourceManager, "/v3/projects/my-project", 403, denied("Caller does not have required permission to use project other. Grant the caller the role", "USER_PROJECT_DENIED"))
		}, []string{"✗ project: the credentials' quota project refuses the call", "gcloud auth application-default set-quota-project my-project"}},
		{"a project that was deleted", func(f *fake) {
			f.set(resourceManager, "/v3/projects/my-project", 200, `{"state": "DELETE_REQUESTED"}`)
		}, []string{"✗ project: my-project is DELETE_REQUESTED", "gcloud projects undelete my-project"}},
		{"no billing", func(f *fake) {
			f.set(cloudBilling, "/v1/projects/my-project/billingInfo", 200, `{"billingEnabled": false}`)
		},
			[]string{"✗ billing: no billing account pays for my-project", "gcloud billing projects link my-project", "✓ roles"}},
		{"a closed account", func(f *fake) {
			f.set(cloudBilling, "/v1/projects/my-project/billingInfo", 200, `{"billingAccountName": "billingAccounts/1"}`)
		}, []string{"✗ billing: billingAccounts/1 is closed"}},
		{"no billing API", func(f *fake) { f.set(cloudBilling, "/v1/projects/my-project/billingInfo", 403, disabled(cloudBilling)) },
			[]string{"– billing: cloudbilling.googleapis.com is not enabled", "gcloud billing projects describe my-project"}},
		{"no service usage", func(f *fake) {
			f.set(serviceUsage, "/v1/projects/my-project/services:batchGet", 403, disabled(serviceUsage))
		},
			[]string{"✗ APIs: serviceusage.googleapis.com is not enabled", "gcloud services enable serviceusage.googleapis.com --project 415104041262"}},
		{"an API that the stack may not enable", func(f *fake) { f.files["Pulumi.prod.yaml"] += "  geo-wordpress:manageServices: \"false\"\n" },
			[]string{"✗ APIs: not enabled: container.googleapis.com, dns.googleapis.com", "gcloud services enable container.googleapis.com dns.googleapis.com"}},
		{"a fresh project", func(f *fake) { f.enabled(serviceUsage, resourceManager) },
			[]string{"✓ APIs: the stack will enable compute.googleapis.com", "– machines: compute.googleapis.com is not enabled", "gcloud services enable compute.googleapis.com", "– quotas", "✓ ranges"}},
		{"a missing role", func(f *fake) {
			f.denied = []string{"compute.disks.create", "compute.firewalls.create", "iam.serviceAccounts.actAs"}
		},
			[]string{"✗ role Compute Admin: the account lacks compute.firewalls.create and 1 more", "--role roles/compute.admin", "✗ role Service Account User: the account lacks iam.serviceAccounts.actAs", "✓ roles: the account may do what these may: Kubernetes Engine Admin"}},
		{"a permission that Google does not know", func(f *fake) {
			f.set(resourceManager, "/v3/projects/my-project:testIamPermissions", 400, `{"error": {"code": 400, "message": "Permission compute.networks.dig is not valid for this resource.", "status": "INVALID_ARGUMENT"}}`)
		}, []string{"– roles: Google refuses the question: Permission compute.networks.dig is not valid", "docs/first-steps.md lists the roles"}},
		{"a role of a feature", func(f *fake) {
			f.files["Pulumi.prod.yaml"] += "  geo-wordpress:backup: {schedule: \"0 3 * * *\", keepDays: 30}\n"
			f.denied = []string{"storage.buckets.create"}
		}, []string{"✗ role Storage Admin: the account lacks storage.buckets.create"}},
		{"no right to the key", func(f *fake) { f.denied = []string{"cloudkms.cryptoKeyVersions.useToDecrypt"} },
			[]string{"✗ key of the secrets", "gcloud kms keys add-iam-policy-binding projects/p/locations/global/keyRings/r/cryptoKeys/k"}},
		{"too little in a region", low,
			[]string{"✓ quotas of europe-west1", "✗ quotas of europe-west2: CPUS: 8 more are needed, and 7 of 8 are free", "ask for a limit of 9 at https://console.cloud.google.com/iam-admin/quotas?project=my-project", "✗ quotas of europe-west2: SSD_TOTAL_GB", "✓ quotas of europe-west3"}},
		{"no machine type", func(f *fake) {
			delete(f.answers, computeEngine+" /compute/v1/projects/my-project/zones/europe-west3-b/machineTypes/e2-standard-2")
		},
			[]string{"✓ machines of europe-west1: 3 e2-standard-2 in europe-west1-b", "✗ machines of europe-west3: europe-west3-b has no e2-standard-2"}},
		{"a compute engine that is down", func(f *fake) {
			f.set(computeEngine, "/compute/v1/projects/my-project", 503, `{"error": {"code": 503, "message": "The service is currently unavailable."}}`)
		}, []string{"✗ quotas of the project: compute.googleapis.com answered 503", "wait a minute"}},
		{"another network's addresses", func(f *fake) {
			f.set(computeEngine, "/compute/v1/projects/my-project/aggregated/subnetworks", 200, `{"items": {"regions/x": {"subnetworks": [{"name": "s", "network": "a/office", "ipCidrRange": "10.64.0.0/11"}]}}}`)
		}, []string{"! ranges:", "of network office. No harm, unless the networks are to be peered"}},
		{"another cluster's pods", func(f *fake) {
			f.set(computeEngine, "/compute/v1/projects/my-project/aggregated/subnetworks", 200, `{"items": {"regions/x": {"subnetworks": [{"name": "s", "network": "a/office",
				"ipCidrRange": "192.168.0.0/20", "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.64.0.0/11"}]}]}}}`)
		}, []string{"! ranges:", "with 10.64.0.0/11 of network office"}},
		{"a shield in a project without Cloud Armor's quotas", func(f *fake) {
			f.files["Pulumi.prod.yaml"] += "  geo-wordpress:shield: {loginsPerMinute: 30, banMinutes: 15}\n"
			f.set(computeEngine, "/compute/v1/projects/my-project", 200, quotaJSON(map[string]int{"SECURITY_POLICIES": 2, "SECURITY_POLICY_RULES": 5, "SECURITY_POLICY_CEVAL_RULES": 3}))
		}, []string{"✗ quotas of the project: SECURITY_POLICY_CEVAL_RULES: 3 more are needed, and 2 of 3 are free", "or remove shield and installFrom", "✓ quotas of the project: SECURITY_POLICIES 1 of 1 free, SECURITY_POLICY_RULES 4 of 4 free"}},
		{"another address", func(f *fake) { f.address = "192.0.2.1" },
			[]string{"✗ authorized networks: this machine's address 192.0.2.1 is in none of them", "pulumi config set --path 'authorizedNetworks[2]' 192.0.2.1/32"}},
		{"no authorized networks, and no answer", func(f *fake) {
			f.address = ""
			f.files["Pulumi.prod.yaml"] = "config: {gcp:project: my-project, geo-wordpress:machineType: e2-standard-2, geo-wordpress:nodesPerRegion: \"3\"}"
		}, []string{"✗ authorized networks: none: Pulumi would reach no control plane", "pulumi config set --path 'authorizedNetworks[0]' YOUR-ADDRESS/32"}},
		{"no answer", func(f *fake) { f.address = "" }, []string{"– authorized networks: this machine's public address is unknown"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFake(t)
			row.set(f)
			out, status := f.run(false)
			rest := out
			failures := 0
			for _, part := range row.want {
				_, after, found := strings.Cut(rest, part)
				if !found {
					t.Fatalf("%q is missing, or not in its place:\n%s", part, out)
				}
				rest = after
				failures += strings.Count(part, "✗")
			}
			if got := strings.Count(out, "✗"); got != failures {
				t.Errorf("%d failures, want %d:\n%s", got, failures, out)
			}
			if (status == 1) != (failures > 0) {
				t.Errorf("exit status %d with %d failures", status, failures)
			}
			remedies(t, out)
		})
	}
}

// Every failure has a remedy on the next line.
func remedies(t *testing.T, out string) {
	t.Helper()
	lines := strings.Split(out, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "  ✗") && !strings.HasPrefix(lines[i+1], "      ") && !strings.Contains(line, "JSON") {
			t.Errorf("no remedy: %s", line)
		}
	}
}

// A service account's calls are billed to its own project.
func TestServiceAccount(t *testing.T) {
	f := newFake(t)
	f.person = false
	if out, status := f.run(false); status != 0 {
		t.Error(out)
	}
}

func TestJSON(t *testing.T) {
	f := newFake(t)
	f.denied = []string{"iam.serviceAccounts.actAs"}
	out, status := f.run(true)
	var results []Result
	if err := json.Unmarshal([]byte(out), &results); err != nil || status != 1 {
		t.Fatalf("%v, exit status %d:\n%s", err, status, out)
	}
	i := slices.IndexFunc(results, func(r Result) bool { return r.Status == Failed })
	if i < 0 || results[i].Check != "role Service Account User" || results[i].Remedy == "" || results[i].Section != "Google Cloud" {
		t.Errorf("got %+v", results)
	}
}

// No secret of the stack's file appears.
func TestSecretsAreNotShown(t *testing.T) {
	f := newFake(t)
	f.files["Pulumi.prod.yaml"] += "  geo-wordpress:mailPassword: {secure: v1:hunter2}\n  geo-wordpress:nfsImage: {secure: v1:hunter2}\n"
	if out, _ := f.run(false); strings.Contains(out, "hunter2") {
		t.Error(out)
	}
}

// What the program enables, doctor checks.
func TestAPIsOfTheProgram(t *testing.T) {
	s := &settings{values: map[string]string{}}
	for _, key := range []string{"backup", "restore", "monitoring", "domain", "shield"} {
		s.values[projectName+":"+key] = "on"
	}
	known := (&doctor{settings: s}).needed()
	files, err := filepath.Glob("../../components/project/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no component of the project", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`"([a-z]+\.googleapis\.com)"`).FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(known, match[1]) {
				t.Errorf("%s enables %s, which needed() does not know", file, match[1])
			}
		}
	}
}
