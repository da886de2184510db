package main

import (
	"fmt"
	"slices"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// identity derives a resource's ID from its inputs and the provider's project.
type identity func(in object, project string) string

// identities holds the ID of each Google resource type that the program declares, as the published provider forms it.
var identities = map[string]identity{
	"gcp:compute/network:Network":                                           global("networks"),
	"gcp:compute/subnetwork:Subnetwork":                                     regional("subnetworks"),
	"gcp:compute/router:Router":                                             regional("routers"),
	"gcp:compute/routerNat:RouterNat":                                       nat,
	"gcp:compute/firewall:Firewall":                                         global("firewalls"),
	"gcp:compute/disk:Disk":                                                 zonal("disks"),
	"gcp:compute/resourcePolicy:ResourcePolicy":                             regional("resourcePolicies"),
	"gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment": attachment,
	"gcp:compute/globalAddress:GlobalAddress":                               global("addresses"),
	"gcp:compute/healthCheck:HealthCheck":                                   global("healthChecks"),
	"gcp:compute/securityPolicy:SecurityPolicy":                             global("securityPolicies"),
	"gcp:compute/backendService:BackendService":                             global("backendServices"),
	"gcp:compute/uRLMap:URLMap":                                             global("urlMaps"),
	"gcp:compute/targetHttpProxy:TargetHttpProxy":                           global("targetHttpProxies"),
	"gcp:compute/targetHttpsProxy:TargetHttpsProxy":                         global("targetHttpsProxies"),
	"gcp:compute/managedSslCertificate:ManagedSslCertificate":               global("sslCertificates"),
	"gcp:compute/globalForwardingRule:GlobalForwardingRule":                 global("forwardingRules"),
	"gcp:compute/sSLPolicy:SSLPolicy":                                       global("sslPolicies"),
	"gcp:certificatemanager/dnsAuthorization:DnsAuthorization":              certified("dnsAuthorizations"),
	"gcp:certificatemanager/certificate:Certificate":                        certified("certificates"),
	"gcp:certificatemanager/certificateMap:CertificateMap":                  certified("certificateMaps"),
	"gcp:certificatemanager/certificateMapEntry:CertificateMapEntry":        mapEntry,
	"gcp:dns/recordSet:RecordSet":                                           recordSet,
	"gcp:compute/instanceGroupNamedPort:InstanceGroupNamedPort":             namedPort,
	"gcp:container/cluster:Cluster":                                         cluster,
	"gcp:container/nodePool:NodePool":                                       nodePool,
	"gcp:projects/service:Service":                                          service,
	"gcp:projects/iAMMember:IAMMember":                                      member,
	"gcp:serviceaccount/account:Account":                                    account,
	"gcp:serviceaccount/iAMMember:IAMMember":                                accountMember,
	"gcp:storage/bucket:Bucket":                                             bucket,
	"gcp:storage/bucketIAMMember:BucketIAMMember":                           bucketMember,
}

// assigned are the types whose IDs Google assigns, so that no input tells them. An interrupted creation of one is made again: the
// first may remain, and nothing refers to it (docs/monitoring.md says how to find it).
var assigned = []string{
	"gcp:monitoring/alertPolicy:AlertPolicy", "gcp:monitoring/dashboard:Dashboard",
	"gcp:monitoring/notificationChannel:NotificationChannel", "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig",
}

// lengthy are the types that are complete only after an update has waited for them.
var lengthy = []string{"gcp:container/cluster:Cluster", "gcp:container/nodePool:NodePool"}

// identify returns a resource's ID. Resources that exist in the state alone (random values and provider instances) have
// none: the ID is empty, without an error.
func identify(kind string, in object, project string) (string, error) {
	if strings.HasPrefix(kind, "random:") || strings.HasPrefix(kind, "pulumi:") || slices.Contains(assigned, kind) {
		return "", nil
	}
	if strings.HasPrefix(kind, "kubernetes:") {
		metadata, _ := in["metadata"].(object)
		name := text(metadata, "name")
		if name == "" {
			return "", fmt.Errorf("its inputs have no metadata.name")
		}
		if namespace := text(metadata, "namespace"); namespace != "" {
			return namespace + "/" + name, nil
		}
		return name, nil
	}
	form, known := identities[kind]
	if !known {
		return "", fmt.Errorf("recover cannot form the ID of a %s: add the type to tools/recover/identity.go", kind)
	}
	if own := text(in, "project"); own != "" {
		project = own
	}
	id := form(in, project)
	if project == "" || strings.Contains(id, "//") || strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/") {
		return "", fmt.Errorf("its inputs give only part of its ID: %q", id)
	}
	return id, nil
}

func global(collection string) identity {
	return func(in object, project string) string {
		return fmt.Sprintf("projects/%s/global/%s/%s", project, collection, text(in, "name"))
	}
}

// certified is the identity of Certificate Manager's global resources.
func certified(collection string) identity {
	return func(in object, project string) string {
		return fmt.Sprintf("projects/%s/locations/global/%s/%s", project, collection, text(in, "name"))
	}
}

func mapEntry(in object, project string) string {
	return fmt.Sprintf("projects/%s/locations/global/certificateMaps/%s/certificateMapEntries/%s", project, text(in, "map"), text(in, "name"))
}

func recordSet(in object, project string) string {
	return fmt.Sprintf("projects/%s/managedZones/%s/rrsets/%s/%s", project, text(in, "managedZone"), text(in, "name"), text(in, "type"))
}

func regional(collection string) identity {
	return func(in object, project string) string {
		return fmt.Sprintf("projects/%s/regions/%s/%s/%s", project, text(in, "region"), collection, text(in, "name"))
	}
}

func zonal(collection string) identity {
	return func(in object, project string) string {
		return fmt.Sprintf("projects/%s/zones/%s/%s/%s", project, text(in, "zone"), collection, text(in, "name"))
	}
}

func nat(in object, project string) string {
	return strings.Join([]string{project, text(in, "region"), last(text(in, "router")), text(in, "name")}, "/")
}

func cluster(in object, project string) string {
	return fmt.Sprintf("projects/%s/locations/%s/clusters/%s", project, text(in, "location"), text(in, "name"))
}

func nodePool(in object, project string) string {
	within := text(in, "cluster")
	if !strings.Contains(within, "/") {
		within = cluster(object{"location": in["location"], "name": within}, project)
	}
	return within + "/nodePools/" + text(in, "name")
}

func namedPort(in object, project string) string {
	return fmt.Sprintf("projects/%s/zones/%s/instanceGroups/%s/%s/%s", project, text(in, "zone"),
		last(text(in, "group")), text(in, "port"), text(in, "name"))
}

func service(in object, project string) string { return project + "/" + text(in, "service") }

func member(in object, project string) string {
	return strings.Join([]string{project, text(in, "role"), text(in, "member")}, "/")
}

func accountMember(in object, _ string) string {
	return member(in, text(in, "serviceAccountId"))
}

func bucket(in object, _ string) string { return text(in, "name") }

func bucketMember(in object, _ string) string {
	return member(in, "b/"+strings.TrimPrefix(text(in, "bucket"), "b/"))
}

func attachment(in object, project string) string {
	return strings.Join([]string{project, text(in, "zone"), text(in, "disk"), text(in, "name")}, "/")
}

func account(in object, project string) string {
	return fmt.Sprintf("projects/%s/serviceAccounts/%s@%s.iam.gserviceaccount.com", project, text(in, "accountId"), project)
}

// text returns a property as text; empty if it is missing or not a scalar.
func text(in object, key string) string {
	switch v := in[key].(type) {
	case nil, object, []any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

func last(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
