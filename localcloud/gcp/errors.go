package gcp

import "fmt"

// apiError is an error response of Google's API, printed as its Go client does.
type apiError struct {
	code    int
	message string
	reason  string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("googleapi: Error %d: %s, %s", e.code, e.message, e.reason)
}

func notFound(id string) error {
	return &apiError{404, fmt.Sprintf("The resource '%s' was not found", id), "notFound"}
}

func alreadyExists(id string) error {
	return &apiError{409, fmt.Sprintf("The resource '%s' already exists", id), "alreadyExists"}
}

func notReady(id string) error {
	return &apiError{400, fmt.Sprintf("The resource '%s' is not ready", id), "resourceNotReady"}
}

func inUse(noun, id, user string) error {
	return &apiError{400, fmt.Sprintf("The %s resource '%s' is already being used by '%s'", noun, id, user),
		"resourceInUseByAnotherResource"}
}

func invalid(field, value, format string, args ...any) error {
	return &apiError{400, fmt.Sprintf("Invalid value for field 'resource.%s': '%s'. %s", field, value,
		fmt.Sprintf(format, args...)), "invalid"}
}

func badRequest(format string, args ...any) error {
	return &apiError{400, fmt.Sprintf(format, args...), "badRequest"}
}

func notEnabled(project, service string) error {
	title, ok := apiTitles[service]
	if !ok {
		title = service
	}
	return &apiError{403, fmt.Sprintf("%s has not been used in project %s before or it is disabled. Enable it by "+
		"visiting https://console.developers.google.com/apis/api/%s/overview?project=%s then retry. If you enabled "+
		"this API recently, wait a few minutes for the action to propagate to our systems and retry.",
		title, project, service, project), "accessNotConfigured"}
}

// The services that the resources here belong to.
const (
	computeAPI   = "compute.googleapis.com"
	containerAPI = "container.googleapis.com"
	dnsAPI       = "dns.googleapis.com"
	iamAPI       = "iam.googleapis.com"
)

var apiTitles = map[string]string{
	computeAPI:   "Compute Engine API",
	containerAPI: "Kubernetes Engine API",
	dnsAPI:       "Cloud DNS API",
	iamAPI:       "Identity and Access Management (IAM) API",
}
