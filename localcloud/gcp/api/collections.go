package api

import (
	"cmp"
	"fmt"
	"strings"

	"geo-wordpress/localcloud/gcp/schema"
)

// Tokens of the resource types on which other types depend beyond a reference.
const (
	SubnetworkType = "gcp:compute/subnetwork:Subnetwork"
	NamedPortType  = "gcp:compute/instanceGroupNamedPort:InstanceGroupNamedPort"
	ClusterType    = "gcp:container/cluster:Cluster"
	NodePoolType   = "gcp:container/nodePool:NodePool"
)

// The collections to which inputs refer, as spelled in resource names.
const (
	Networks           = "networks"
	Subnetworks        = "subnetworks"
	Routers            = "routers"
	HealthChecks       = "healthChecks"
	InstanceGroups     = "instanceGroups"
	BackendServices    = "backendServices"
	URLMaps            = "urlMaps"
	TargetHTTPProxies  = "targetHttpProxies"
	TargetHTTPSProxies = "targetHttpsProxies"
	SSLCertificates    = "sslCertificates"
	Clusters           = "clusters"
	Disks              = "disks"
	ResourcePolicies   = "resourcePolicies"
	SecurityPolicies   = "securityPolicies"
	SSLPolicies        = "sslPolicies"
	DNSAuthorizations  = "dnsAuthorizations"
	Certificates       = "certificates"
	CertificateMaps    = "certificateMaps"
)

// collectionScopes holds the scopes of the collections that are not global.
var collectionScopes = map[string]Scope{
	Disks: Zonal, Subnetworks: Regional, Routers: Regional, ResourcePolicies: Regional, InstanceGroups: Zonal,
	Clusters: Located, DNSAuthorizations: Located, Certificates: Located, CertificateMaps: Located,
}

// MemberName is the resource name of a member of a collection.
func MemberName(at Location, collection, name string) string {
	switch collectionScopes[collection] {
	case Regional:
		return fmt.Sprintf("projects/%s/regions/%s/%s/%s", at.Project, at.Region, collection, name)
	case Zonal:
		return fmt.Sprintf("projects/%s/zones/%s/%s/%s", at.Project, at.Zone, collection, name)
	case Located:
		return fmt.Sprintf("projects/%s/locations/%s/%s/%s", at.Project, cmp.Or(at.Name, "global"), collection, name)
	default:
		return fmt.Sprintf("projects/%s/global/%s/%s", at.Project, collection, name)
	}
}

// MemberID returns the ID function for the members of a collection.
func MemberID(collection string) func(Location, Object) string {
	return func(at Location, in Object) string { return MemberName(at, collection, in.Str("name")) }
}

// ResourceName converts a reference in any form that Google accepts to a resource name: a self link, a resource name,
// the part of one that starts at its zone, region or "global", or a name alone, which means the same project and
// location.
func ResourceName(at Location, collections []string, path, value string) (string, error) {
	name := schema.TrimURL(value)
	parts := strings.Split(name, "/")
	if len(parts) == 1 && name != "" && !strings.Contains(name, ":") {
		return MemberName(at, collections[0], name), nil
	}
	if parts[0] == "global" || parts[0] == "regions" || parts[0] == "zones" {
		name = "projects/" + at.Project + "/" + name
		parts = strings.Split(name, "/")
	}
	if parts[0] != "projects" || len(parts) < 5 {
		return "", Invalid(path, value, "The URL is malformed.")
	}
	got := parts[len(parts)-2]
	for _, c := range collections {
		level, length := "global", 5
		switch collectionScopes[c] {
		case Regional:
			level, length = "regions", 6
		case Zonal:
			level, length = "zones", 6
		case Located:
			level, length = "locations", 6
		}
		if got == c && parts[2] == level && len(parts) == length {
			return name, nil
		}
	}
	return "", Invalid(path, value, "Unexpected resource collection '%s'.", got)
}
