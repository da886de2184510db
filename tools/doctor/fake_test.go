package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// fake is Google, as far as doctor asks it, and everything else outside of the process.
type fake struct {
	t       *testing.T
	server  *httptest.Server
	answers map[string]answer // by "api path"
	denied  []string          // permissions that the account lacks
	asked   []string          // "METHOD api path"

	programs  map[string]string // output by command line
	address   string
	login     error
	person    bool
	files     map[string]string // of the stack's directory
	variables map[string]string
}

type answer struct {
	code int
	body string
}

// project is the stack's project.
const project = "my-project"

// newFake is a world in which every check passes: a fresh project of a person, with the stack prod.
func newFake(t *testing.T) *fake {
	f := &fake{t: t, address: "203.0.113.7", person: true, answers: map[string]answer{}, files: map[string]string{}}
	f.programs = map[string]string{
		"pulumi version":                            "v3.200.0",
		"go env GOVERSION":                          "go1.26.8",
		"gke-gcloud-auth-plugin --version":          "Kubernetes v1.30.0",
		"gcloud version":                            "Google Cloud SDK 528.0.0\nbq 2.1.18",
		"kubectl version --client":                  "Client Version: v1.33.0",
		"pulumi whoami --non-interactive --verbose": "User: somebody\nBackend URL: gs://states",
	}
	committed, err := os.ReadFile("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f.files["Pulumi.yaml"] = string(committed)
	f.files["Pulumi.prod.yaml"] = `secretsprovider: gcpkms://projects/p/locations/global/keyRings/r/cryptoKeys/k
encryptedkey: abc
config:
  gcp:project: my-project
  geo-wordpress:machineType: e2-standard-2
  geo-wordpress:nodesPerRegion: "3"
  geo-wordpress:authorizedNetworks: [198.51.100.0/24, 203.0.113.7/32]
`
	f.set(resourceManager, "/v3/projects/my-project", 200, `{"name": "projects/415104041262", "parent": "organizations/1", "projectId": "my-project", "state": "ACTIVE", "displayName": "My project"}`)
	f.set(cloudBilling, "/v1/projects/my-project/billingInfo", 200, `{"name": "projects/my-project/billingInfo", "projectId": "my-project", "billingAccountName": "billingAccounts/012345-567890-ABCDEF", "billingEnabled": true}`)
	f.enabled(serviceUsage, resourceManager, computeEngine)
	f.set(computeEngine, "/compute/v1/projects/my-project", 200, quotaJSON(map[string]int{"CPUS_ALL_REGIONS": 32, "NETWORKS": 5, "SUBNETWORKS": 100, "ROUTERS": 20, "FIREWALLS": 100,
		"STATIC_ADDRESSES": 8, "HEALTH_CHECKS": 10, "BACKEND_SERVICES": 9, "URL_MAPS": 10, "TARGET_HTTP_PROXIES": 10}))
	for _, region := range []string{"europe-west1", "europe-west2", "europe-west3"} {
		f.set(computeEngine, "/compute/v1/projects/my-project/regions/"+region, 200, quotaJSON(map[string]int{"CPUS": 24, "INSTANCES": 24, "SSD_TOTAL_GB": 500, "DISKS_TOTAL_GB": 4096, "INSTANCE_GROUPS": 100}))
		zone := region + "-b"
		f.set(computeEngine, "/compute/v1/projects/my-project/zones/"+zone+"/machineTypes/e2-standard-2", 200,
			`{"kind": "compute#machineType", "id": "334002", "name": "e2-standard-2", "guestCpus": 2, "memoryMb": 8192, "zone": "`+zone+`"}`)
	}
	f.set(computeEngine, "/compute/v1/projects/my-project/aggregated/subnetworks", 200, `{"kind": "compute#subnetworkAggregatedList", "items": {
		"regions/europe-west1": {"subnetworks": [{"name": "default", "network": "https://www.googleapis.com/compute/v1/projects/my-project/global/networks/default", "ipCidrRange": "10.132.0.0/20"}]},
		"regions/europe-north2": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}}}`)
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

func (f *fake) set(api, path string, code int, body string) {
	f.answers[api+" "+path] = answer{code, body}
}

// enabled makes these APIs, and no others, enabled.
func (f *fake) enabled(apis ...string) {
	var services []string
	for _, api := range apis {
		services = append(services, `{"name": "projects/415104041262/services/`+api+`", "parent": "projects/415104041262", "state": "ENABLED"}`)
	}
	services = append(services, `{"name": "projects/415104041262/services/container.googleapis.com", "parent": "projects/415104041262", "state": "DISABLED"}`)
	f.set(serviceUsage, "/v1/projects/my-project/services:batchGet", 200, `{"services": [`+strings.Join(services, ",")+`]}`)
}

// disabled is Google's answer to a call of an API that is not enabled.
func disabled(api string) string {
	return fmt.Sprintf(`{"error": {"code": 403, "message": "%[1]s has not been used in project 415104041262 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/%[1]s/overview?project=415104041262 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.", "status": "PERMISSION_DENIED", "details": [
		{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED", "domain": "googleapis.com", "metadata": {"service": "%[1]s", "consumer": "projects/415104041262"}},
		{"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": "Google developers console API activation", "url": "https://console.developers.google.com"}]}]}}`, api)
}

// denied is Google's answer to a call that the account may not make.
func denied(message, reason string) string {
	return fmt.Sprintf(`{"error": {"code": 403, "message": %q, "status": "PERMISSION_DENIED", "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": %q, "domain": "googleapis.com", "metadata": {}}]}}`, message, reason)
}

func quotaJSON(limits map[string]int) string {
	var quotas []map[string]any
	for metric, limit := range limits {
		quotas = append(quotas, map[string]any{"metric": metric, "limit": float64(limit), "usage": 1.0})
	}
	text, _ := json.Marshal(map[string]any{"quotas": quotas})
	return string(text)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	path = "/" + path
	f.asked = append(f.asked, r.Method+" "+api+" "+path)
	if r.Header.Get("Authorization") != "Bearer a-token" {
		f.t.Errorf("%s %s came without the token", api, path)
	}
	if project := r.Header.Get("X-Goog-User-Project"); f.person != (project != "") {
		f.t.Errorf("%s %s came with the quota project %q", api, path, project)
	}
	if given, ok := f.answers[api+" "+path]; ok {
		w.WriteHeader(given.code)
		io.WriteString(w, given.body)
		return
	}
	if strings.HasSuffix(path, ":testIamPermissions") {
		f.test(w, r)
		return
	}
	w.WriteHeader(404)
	io.WriteString(w, `{"error": {"code": 404, "message": "The resource '`+path+`' was not found", "status": "NOT_FOUND"}}`)
}

// test answers like Google: it leaves out the permissions that the account lacks.
func (f *fake) test(w http.ResponseWriter, r *http.Request) {
	var question struct{ Permissions []string }
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil || len(question.Permissions) > 100 {
		f.t.Errorf("Google would refuse the question: %d permissions, %v", len(question.Permissions), err)
	}
	granted := map[string][]string{}
	for _, p := range question.Permissions {
		if !strings.Contains(strings.Join(f.denied, " "), p) {
			granted["permissions"] = append(granted["permissions"], p)
		}
	}
	json.NewEncoder(w).Encode(granted)
}

// run runs doctor in the fake world, and returns what it says and its exit status.
func (f *fake) run(asJSON bool) (string, int) {
	directory := f.t.TempDir()
	for name, text := range f.files {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
	var out bytes.Buffer
	d := &doctor{report: &report{out: &out, json: asJSON}, directory: directory, stack: "prod", google: newGoogle()}
	d.google.host = func(api string) string { return f.server.URL + "/" + api }
	d.run = func(_ context.Context, _, program string, arguments ...string) (string, error) {
		line := strings.Join(append([]string{program}, arguments...), " ")
		if output, ok := f.programs[line]; ok {
			return output, nil
		}
		if strings.HasPrefix(line, "pulumi stack export") {
			return "", errors.New("error: no stack named 'prod' found")
		}
		return "", errNotFound
	}
	d.environment = func(name string) string { return f.variables[name] }
	d.address = func(context.Context) (string, error) {
		if f.address == "" {
			return "", errors.New("no answer")
		}
		return f.address, nil
	}
	d.credentials = func(context.Context) (*credentials, error) {
		if f.login != nil {
			return nil, f.login
		}
		return &credentials{token: &oauth2.Token{AccessToken: "a-token", Expiry: time.Now().Add(time.Hour)}, who: "somebody", person: f.person}, nil
	}
	status := d.check(context.Background())
	return out.String(), status
}
