package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

const (
	resourceManager = "cloudresourcemanager.googleapis.com"
	serviceUsage    = "serviceusage.googleapis.com"
	cloudBilling    = "cloudbilling.googleapis.com"
	computeEngine   = "compute.googleapis.com"
	cloudKMS        = "cloudkms.googleapis.com"
)

// projectExists checks that there is the project, and that the account sees it.
func (d *doctor) projectExists(ctx context.Context) bool {
	const check = "project"
	if d.settings == nil || d.settings.project == "" {
		d.skip(check, "no project is configured", "pulumi config set gcp:project PROJECT")
		return false
	}
	id := d.settings.project
	var project struct{ Name, State, DisplayName string }
	err := d.google.get(ctx, resourceManager, "/v3/projects/"+id, nil, &project)
	var refused *apiError
	switch {
	case errors.As(err, &refused) && !off(err) && (refused.code == http.StatusNotFound || refused.code == http.StatusForbidden && refused.reason != "USER_PROJECT_DENIED"):
		d.fail(check, id+" does not exist, or this account may not see it", "gcloud projects list shows those that it sees; pulumi config set gcp:project PROJECT")
		return false
	case err != nil:
		found, remedy := explain(err, id)
		d.fail(check, found, remedy)
		return false
	case project.State != "ACTIVE":
		d.fail(check, id+" is "+project.State, "gcloud projects undelete "+id)
		return false
	}
	d.ok(check, id)
	return true
}

// billing checks that a billing account pays for the project.
func (d *doctor) billing(ctx context.Context) {
	const check = "billing"
	id := d.settings.project
	var info struct {
		BillingEnabled     bool
		BillingAccountName string
	}
	err := d.google.get(ctx, cloudBilling, "/v1/projects/"+id+"/billingInfo", nil, &info)
	link := "gcloud billing projects link " + id + " --billing-account ACCOUNT"
	switch {
	case off(err):
		// The stack does not need this API.
		d.skip(check, cloudBilling+" is not enabled, so Google does not say", "gcloud billing projects describe "+id+" must show billingEnabled: true")
	case err != nil:
		found, _ := explain(err, id)
		d.skip(check, found, "gcloud billing projects describe "+id+" must show billingEnabled: true")
	case !info.BillingEnabled && info.BillingAccountName != "":
		d.fail(check, info.BillingAccountName+" is closed, so nothing can be created", link)
	case !info.BillingEnabled:
		d.fail(check, "no billing account pays for "+id, link)
	default:
		d.ok(check, info.BillingAccountName)
	}
}

// needed are the APIs that the stack uses. The first two must be on before it can enable the others.
func (d *doctor) needed() []string {
	apis := []string{serviceUsage, resourceManager, computeEngine, "container.googleapis.com", "dns.googleapis.com",
		"iam.googleapis.com", "logging.googleapis.com", "monitoring.googleapis.com"}
	if d.settings.set("backup") || d.settings.set("restore") {
		apis = append(apis, "storage.googleapis.com")
	}
	if d.settings.set("domain") {
		apis = append(apis, "certificatemanager.googleapis.com")
	}
	return apis
}

// services checks the APIs, and says whether Compute Engine's is on.
func (d *doctor) services(ctx context.Context) (compute bool) {
	const check = "APIs"
	id := d.settings.project
	apis := d.needed()
	query := url.Values{}
	for _, api := range apis {
		query.Add("names", "projects/"+id+"/services/"+api)
	}
	var answer struct {
		Services []struct{ Name, State string }
	}
	if err := d.google.get(ctx, serviceUsage, "/v1/projects/"+id+"/services:batchGet", query, &answer); err != nil {
		found, remedy := explain(err, id)
		d.fail(check, found, remedy)
		return true // unknown: let the other checks find out
	}
	enabled := map[string]bool{}
	for _, service := range answer.Services {
		enabled[service.Name[strings.LastIndex(service.Name, "/")+1:]] = service.State == "ENABLED"
	}
	var missing, later []string
	for i, api := range apis {
		switch {
		case enabled[api]:
		case i < 2 || d.settings.values[projectName+":manageServices"] == "false":
			missing = append(missing, api)
		default:
			later = append(later, api)
		}
	}
	switch {
	case len(missing) > 0:
		d.fail(check, "not enabled: "+strings.Join(missing, ", "), "gcloud services enable "+strings.Join(missing, " ")+" --project "+id)
	case len(later) > 0:
		d.ok(check, "the stack will enable "+strings.Join(later, ", "))
	default:
		d.ok(check, "all are enabled")
	}
	return enabled[computeEngine]
}

// set says whether a key of the program has a value other than nothing.
func (s *settings) set(key string) bool {
	switch s.values[projectName+":"+key] {
	case "", "{}", "[]", "false", "0", "null":
		return false
	}
	return true
}
