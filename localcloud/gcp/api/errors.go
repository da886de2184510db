package api

import (
	"cmp"
	"fmt"
)

// Error is an error response of Google's API, printed as its Go client does.
type Error struct {
	Code    int
	Message string
	Reason  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("googleapi: Error %d: %s, %s", e.Code, e.Message, e.Reason)
}

// NotFound is the error for a missing resource.
func NotFound(id string) error {
	return &Error{404, fmt.Sprintf("The resource '%s' was not found", id), "notFound"}
}

func alreadyExists(id string) error {
	return &Error{409, fmt.Sprintf("The resource '%s' already exists", id), "alreadyExists"}
}

func notReady(id string) error {
	return &Error{400, fmt.Sprintf("The resource '%s' is not ready", id), "resourceNotReady"}
}

// InUse is the error for a deletion of a resource that another one uses.
func InUse(noun, id, user string) error {
	return &Error{400, fmt.Sprintf("The %s resource '%s' is already being used by '%s'", noun, id, user),
		"resourceInUseByAnotherResource"}
}

// Invalid is Compute Engine's error for a value.
func Invalid(field, value, format string, args ...any) error {
	return &Error{400, fmt.Sprintf("Invalid value for field 'resource.%s': '%s'. %s", field, value,
		fmt.Sprintf(format, args...)), "invalid"}
}

// BadRequest is the error for a request that the API refuses.
func BadRequest(format string, args ...any) error {
	return &Error{400, fmt.Sprintf(format, args...), "badRequest"}
}

func notEnabled(project, service string) error {
	return &Error{403, fmt.Sprintf("%s has not been used in project %s before or it is disabled. Enable it by "+
		"visiting https://console.developers.google.com/apis/api/%s/overview?project=%s then retry. If you enabled "+
		"this API recently, wait a few minutes for the action to propagate to our systems and retry.",
		cmp.Or(serviceTitles[service], service), project, service, project), "accessNotConfigured"}
}

// The services to which the resources here belong.
const (
	CertificateManager = "certificatemanager.googleapis.com"
	Compute            = "compute.googleapis.com"
	Container          = "container.googleapis.com"
	DNS                = "dns.googleapis.com"
	IAM                = "iam.googleapis.com"
	Monitoring         = "monitoring.googleapis.com"
	Storage            = "storage.googleapis.com"
)

var serviceTitles = map[string]string{
	CertificateManager: "Certificate Manager API",
	Compute:            "Compute Engine API",
	Container:          "Kubernetes Engine API",
	DNS:                "Cloud DNS API",
	IAM:                "Identity and Access Management (IAM) API",
	Monitoring:         "Cloud Monitoring API",
	Storage:            "Cloud Storage JSON API",
}
