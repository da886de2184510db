package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// role is a role that the account needs, and permissions of it that the stack uses. They tell whether the account has the
// role, or another that is as good. Source: https://cloud.google.com/iam/docs/roles-permissions.
type role struct {
	name, id    string
	permissions []string
	// features are the keys with any of which it is needed; empty for always.
	features []string
}

var roles = []role{
	{name: "Compute Admin", id: "roles/compute.admin", permissions: []string{
		"compute.networks.create", "compute.networks.delete", "compute.networks.updatePolicy",
		"compute.subnetworks.create", "compute.subnetworks.delete", "compute.subnetworks.use",
		"compute.routers.create", "compute.routers.update", "compute.firewalls.create",
		"compute.disks.create", "compute.disks.delete", "compute.disks.resize",
		"compute.globalAddresses.create", "compute.globalAddresses.use", "compute.healthChecks.create",
		"compute.instanceGroups.get", "compute.instanceGroups.update", "compute.instanceGroups.use",
		"compute.backendServices.create", "compute.backendServices.use", "compute.urlMaps.create", "compute.urlMaps.use",
		"compute.targetHttpProxies.create", "compute.targetHttpProxies.use", "compute.globalForwardingRules.create",
		"compute.globalOperations.get", "compute.regionOperations.get", "compute.zoneOperations.get",
	}},
	{name: "Compute Admin, for HTTPS", id: "roles/compute.admin", features: []string{"domain"}, permissions: []string{
		"compute.sslCertificates.create", "compute.sslPolicies.create", "compute.sslPolicies.use",
		"compute.targetHttpsProxies.create", "compute.targetHttpsProxies.use",
	}},
	{name: "Certificate Manager Owner", id: "roles/certificatemanager.owner", features: []string{"domain"}, permissions: []string{
		"certificatemanager.certs.create", "certificatemanager.certmaps.create", "certificatemanager.certmapentries.create",
		"certificatemanager.dnsauthorizations.create",
	}},
	{name: "DNS Administrator", id: "roles/dns.admin", features: []string{"dnsZone"}, permissions: []string{
		"dns.resourceRecordSets.create", "dns.changes.create",
	}},
	{name: "Compute Admin, for snapshots", id: "roles/compute.admin", features: []string{"backup"}, permissions: []string{
		"compute.resourcePolicies.create", "compute.disks.addResourcePolicies", "compute.disks.createSnapshot", "compute.snapshots.create",
	}},
	{name: "Compute Admin, for the shield", id: "roles/compute.admin", features: []string{"shield", "installFrom"}, permissions: []string{
		"compute.securityPolicies.create", "compute.securityPolicies.update", "compute.securityPolicies.use",
	}},
	{name: "Kubernetes Engine Admin", id: "roles/container.admin", permissions: []string{
		"container.clusters.create", "container.clusters.get", "container.clusters.update", "container.clusters.delete",
		"container.operations.get", "container.deployments.create", "container.secrets.create",
		"container.clusterRoles.create", "container.clusterRoleBindings.create", "container.roleBindings.create",
	}},
	{name: "Service Account Admin", id: "roles/iam.serviceAccountAdmin", permissions: []string{
		"iam.serviceAccounts.create", "iam.serviceAccounts.delete", "iam.serviceAccounts.get",
	}},
	{name: "Service Account Admin, for Workload Identity", id: "roles/iam.serviceAccountAdmin",
		features: []string{"backup", "restore"}, permissions: []string{"iam.serviceAccounts.getIamPolicy", "iam.serviceAccounts.setIamPolicy"}},
	{name: "Service Account User", id: "roles/iam.serviceAccountUser", permissions: []string{"iam.serviceAccounts.actAs"}},
	{name: "Project IAM Admin", id: "roles/resourcemanager.projectIamAdmin", permissions: []string{
		"resourcemanager.projects.getIamPolicy", "resourcemanager.projects.setIamPolicy",
	}},
	{name: "Service Usage Admin", id: "roles/serviceusage.serviceUsageAdmin", permissions: []string{
		"serviceusage.services.enable", "serviceusage.services.get", "serviceusage.services.use",
	}},
	{name: "Storage Admin", id: "roles/storage.admin", features: []string{"backup", "restore"}, permissions: []string{
		"storage.buckets.create", "storage.buckets.delete", "storage.buckets.get", "storage.buckets.getIamPolicy",
		"storage.buckets.setIamPolicy", "storage.buckets.update",
	}},
	{name: "Monitoring Admin", id: "roles/monitoring.admin", features: []string{"monitoring"}, permissions: []string{
		"monitoring.alertPolicies.create", "monitoring.dashboards.create", "monitoring.notificationChannels.create",
		"monitoring.uptimeCheckConfigs.create",
	}},
}

// permissions checks what the account may do in the project, role by role.
func (d *doctor) permissions(ctx context.Context) {
	id := d.settings.project
	var needed []role
	var all []string
	for _, r := range roles {
		if len(r.features) == 0 || slices.ContainsFunc(r.features, d.settings.set) {
			needed = append(needed, r)
			all = append(all, r.permissions...)
		}
	}
	granted, err := d.granted(ctx, resourceManager, "/v3/projects/"+id, all)
	var refused *apiError
	if errors.As(err, &refused) && refused.code == http.StatusBadRequest {
		// A permission that Google no longer knows is a fault of this list, not of the account.
		d.skip("roles", "Google refuses the question: "+sentence(refused.message), "docs/first-steps.md lists the roles; compare with gcloud projects get-iam-policy "+id)
		return
	}
	if err != nil {
		found, remedy := explain(err, id)
		d.fail("roles", found, remedy)
		return
	}
	var complete []string
	for _, r := range needed {
		missing := slices.DeleteFunc(slices.Clone(r.permissions), func(p string) bool { return granted[p] })
		if len(missing) == 0 {
			complete = append(complete, r.name)
			continue
		}
		lacks := missing[0]
		if len(missing) > 1 {
			lacks += fmt.Sprintf(" and %d more", len(missing)-1)
		}
		d.fail("role "+r.name, "the account lacks "+lacks,
			"gcloud projects add-iam-policy-binding "+id+" --member user:YOU --role "+r.id)
	}
	if len(complete) > 0 {
		d.ok("roles", "the account may do what these may: "+strings.Join(complete, "; "))
	}
}

// atOnce is how many permissions one call may test.
const atOnce = 100

// granted returns which of the permissions the account has on a resource.
func (d *doctor) granted(ctx context.Context, api, resource string, permissions []string) (map[string]bool, error) {
	granted := map[string]bool{}
	for part := range slices.Chunk(permissions, atOnce) {
		var answer struct{ Permissions []string }
		err := d.google.post(ctx, api, resource+":testIamPermissions", map[string]any{"permissions": part}, &answer)
		if err != nil {
			return nil, err
		}
		for _, p := range answer.Permissions {
			granted[p] = true
		}
	}
	return granted, nil
}

// key checks that the account may use the key that encrypts the stack's secrets.
func (d *doctor) key(ctx context.Context) {
	resource, ok := strings.CutPrefix(d.settings.secretsProvider, "gcpkms://")
	if !ok {
		return
	}
	resource = strings.SplitN(resource, "?", 2)[0]
	permissions := []string{"cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.useToEncrypt"}
	granted, err := d.granted(ctx, cloudKMS, "/v1/"+resource, permissions)
	if err != nil {
		found, remedy := explain(err, d.settings.project)
		d.fail("key of the secrets", found, remedy)
		return
	}
	if len(granted) < len(permissions) {
		d.fail("key of the secrets", "the account may not encrypt and decrypt with "+resource,
			"gcloud kms keys add-iam-policy-binding "+resource+" --member user:YOU --role roles/cloudkms.cryptoKeyEncrypterDecrypter")
		return
	}
	d.ok("key of the secrets", "the account may use it")
}
