package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// creates is the permission with which Google lets somebody create each kind of resource of the program, or change another for
// it. A kind that is missing here was added to the program: find its permission, and put it into roles.
var creates = map[string]string{
	"compute.NewBackendService":                    "compute.backendServices.create",
	"compute.NewDisk":                              "compute.disks.create",
	"compute.NewDiskResourcePolicyAttachment":      "compute.disks.addResourcePolicies",
	"compute.NewFirewall":                          "compute.firewalls.create",
	"compute.NewGlobalAddress":                     "compute.globalAddresses.create",
	"compute.NewGlobalForwardingRule":              "compute.globalForwardingRules.create",
	"compute.NewHealthCheck":                       "compute.healthChecks.create",
	"compute.NewInstanceGroupNamedPort":            "compute.instanceGroups.update",
	"compute.NewManagedSslCertificate":             "compute.sslCertificates.create",
	"compute.NewNetwork":                           "compute.networks.create",
	"compute.NewResourcePolicy":                    "compute.resourcePolicies.create",
	"compute.NewRouter":                            "compute.routers.create",
	"compute.NewRouterNat":                         "compute.routers.update",
	"compute.NewSecurityPolicy":                    "compute.securityPolicies.create",
	"compute.NewSSLPolicy":                         "compute.sslPolicies.create",
	"compute.NewSubnetwork":                        "compute.subnetworks.create",
	"compute.NewTargetHttpProxy":                   "compute.targetHttpProxies.create",
	"compute.NewTargetHttpsProxy":                  "compute.targetHttpsProxies.create",
	"compute.NewURLMap":                            "compute.urlMaps.create",
	"container.NewCluster":                         "container.clusters.create",
	"container.NewNodePool":                        "container.clusters.update",
	"projects.NewIAMMember":                        "resourcemanager.projects.setIamPolicy",
	"projects.NewService":                          "serviceusage.services.enable",
	"serviceaccount.NewAccount":                    "iam.serviceAccounts.create",
	"serviceaccount.NewIAMMember":                  "iam.serviceAccounts.setIamPolicy",
	"storage.NewBucket":                            "storage.buckets.create",
	"storage.NewBucketIAMMember":                   "storage.buckets.setIamPolicy",
	"monitoring.NewAlertPolicy":                    "monitoring.alertPolicies.create",
	"monitoring.NewDashboard":                      "monitoring.dashboards.create",
	"monitoring.NewNotificationChannel":            "monitoring.notificationChannels.create",
	"monitoring.NewUptimeCheckConfig":              "monitoring.uptimeCheckConfigs.create",
	"certificatemanager.NewCertificate":            "certificatemanager.certs.create",
	"certificatemanager.NewCertificateMapEntry":    "certificatemanager.certmapentries.create",
	"certificatemanager.NewCertificateMapResource": "certificatemanager.certmaps.create",
	"certificatemanager.NewDnsAuthorization":       "certificatemanager.dnsauthorizations.create",
	"dns.NewRecordSet":                             "dns.resourceRecordSets.create",
}

// Every kind of resource that the program declares at Google has its permission among the roles that doctor checks.
func TestRolesCoverTheProgram(t *testing.T) {
	var checked []string
	for _, r := range roles {
		checked = append(checked, r.permissions...)
	}
	constructor := regexp.MustCompile(`\b((?:` + strings.Join([]string{"compute", "container", "projects", "serviceaccount", "storage", "monitoring",
		"certificatemanager", "dns", "logging", "pubsub", "kms"}, "|") + `)\.New[A-Z]\w*)\(ctx`)
	seen := 0
	err := filepath.WalkDir("../../components", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "pulumi-gcp") {
			return err
		}
		for _, match := range constructor.FindAllStringSubmatch(string(text), -1) {
			seen++
			permission, known := creates[match[1]]
			if !known {
				t.Errorf("%s: which permission does %s take?", path, match[1])
			} else if !slices.Contains(checked, permission) {
				t.Errorf("%s: no role in doctor has %s", path, permission)
			}
		}
		return nil
	})
	if err != nil || seen < 25 {
		t.Errorf("%d resources found, %v", seen, err)
	}
}

// Google refuses a question with a permission twice.
func TestPermissionsAreUnique(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+\.[A-Za-z]+\.[A-Za-z]+$`)
	seen := map[string]string{}
	for _, r := range roles {
		for _, p := range r.permissions {
			if seen[p] != "" || !form.MatchString(p) {
				t.Errorf("%s is wrong or twice: in %s and %s", p, r.name, seen[p])
			}
			seen[p] = r.name
		}
	}
}
