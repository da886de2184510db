package googlecloud

import "regexp"

// Limits of names, in characters.
const (
	// MaxName is Compute Engine's limit for a resource (RFC 1035) and the length of a DNS label.
	MaxName = 63
	// MaxClusterName is GKE's limit for clusters and node pools, whose names it builds machine names from.
	MaxClusterName = 40
	// MaxServiceAccountID bounds the part of a service account's address before the @.
	MaxServiceAccountID = 30
)

var (
	// Name is the form of the names of most resources (RFC 1035). Their length has its own limit.
	Name = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	// ProjectID is the form of a project's ID.
	ProjectID = regexp.MustCompile(`^[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
	// ServiceAccountID is the form of the part of a service account's address before the @.
	ServiceAccountID = regexp.MustCompile(`^[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
)
