package stacktest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// cloud simulates the providers: the state of a created resource, or what a preview knows of it.
type cloud struct {
	project string
	preview bool
	rekeyed bool
}

// create returns a resource's ID and its state.
func (c cloud) create(r *Resource, secretOutputs []string) (string, resource.PropertyMap) {
	state := r.Inputs.Copy()
	var id string
	switch {
	case r.IsProvider():
		id = digest(r.URN, 32)
	case r.IsKubernetes():
		if c.preview {
			// The provider's kubeconfig is not known yet: the engine does not call the provider, and all outputs are
			// unknown.
			return "", resource.PropertyMap{}
		}
		id = c.kubernetes(r, state)
	case strings.HasPrefix(r.Type, "random:"):
		id = c.random(r, state)
	case strings.HasPrefix(r.Type, "gcp:"):
		id = c.google(r, state)
	default:
		panic(fmt.Sprintf("stacktest: there is no provider for %s", r))
	}
	for _, name := range secretOutputs {
		if value, ok := state[resource.PropertyKey(name)]; ok && !value.IsSecret() {
			state[resource.PropertyKey(name)] = resource.MakeSecret(value)
		}
	}
	if c.preview {
		return "", state
	}
	return id, state
}

// computed sets a property that only the cloud knows.
func (c cloud) computed(state resource.PropertyMap, name string, value any) {
	if c.preview {
		state[resource.PropertyKey(name)] = resource.MakeComputed(resource.NewProperty(""))
		return
	}
	state[resource.PropertyKey(name)] = resource.NewPropertyValue(value)
}

// autoName is the generated name of a resource that is not named, known in a preview too.
func autoName(r *Resource, length int) string { return r.Name + "-" + digest(r.URN, length) }

// collections are the parts of a Google resource's ID before its name. Types that are missing here have another kind of
// ID.
var collections = map[string]string{
	"gcp:compute/network:Network":                                    "global/networks",
	"gcp:compute/subnetwork:Subnetwork":                              "regions/%s/subnetworks",
	"gcp:compute/router:Router":                                      "regions/%s/routers",
	"gcp:compute/firewall:Firewall":                                  "global/firewalls",
	DiskType:                                                         "zones/%s/disks",
	ClusterType:                                                      "locations/%s/clusters",
	"gcp:compute/resourcePolicy:ResourcePolicy":                      "regions/%s/resourcePolicies",
	"gcp:compute/globalAddress:GlobalAddress":                        "global/addresses",
	"gcp:compute/healthCheck:HealthCheck":                            "global/healthChecks",
	"gcp:compute/backendService:BackendService":                      "global/backendServices",
	"gcp:compute/uRLMap:URLMap":                                      "global/urlMaps",
	"gcp:compute/targetHttpProxy:TargetHttpProxy":                    "global/targetHttpProxies",
	"gcp:compute/targetHttpsProxy:TargetHttpsProxy":                  "global/targetHttpsProxies",
	"gcp:compute/managedSslCertificate:ManagedSslCertificate":        "global/sslCertificates",
	"gcp:compute/globalForwardingRule:GlobalForwardingRule":          "global/forwardingRules",
	"gcp:compute/sSLPolicy:SSLPolicy":                                "global/sslPolicies",
	"gcp:certificatemanager/dnsAuthorization:DnsAuthorization":       "locations/global/dnsAuthorizations",
	"gcp:certificatemanager/certificate:Certificate":                 "locations/global/certificates",
	"gcp:certificatemanager/certificateMap:CertificateMap":           "locations/global/certificateMaps",
	"gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": "locations/global/certificateMaps/map/certificateMapEntries",
}

// google simulates pulumi-gcp.
func (c cloud) google(r *Resource, state resource.PropertyMap) string {
	text := func(name string) string {
		if v, ok := state[resource.PropertyKey(name)]; ok && v.IsString() {
			return v.StringValue()
		}
		return ""
	}
	autoNamed := collections[r.Type] != "" || r.Type == PoolType || r.Type == "gcp:compute/routerNat:RouterNat" || r.Type == "gcp:storage/bucket:Bucket"
	if _, named := state["name"]; autoNamed && !named {
		state["name"] = resource.NewProperty(autoName(r, 7))
	}
	place := text("region") + text("zone") + text("location")
	id := fmt.Sprintf("%s/%s", r.Type, text("name"))
	if collection := collections[r.Type]; collection != "" {
		if strings.Contains(collection, "%s") {
			collection = fmt.Sprintf(collection, place)
		}
		id = fmt.Sprintf("projects/%s/%s/%s", c.project, collection, text("name"))
		c.computed(state, "selfLink", "https://www.googleapis.com/compute/v1/"+id)
	}
	switch r.Type {
	case "gcp:compute/routerNat:RouterNat":
		id = fmt.Sprintf("%s/%s/%s/%s", c.project, place, text("router"), text("name"))
	case "gcp:compute/globalAddress:GlobalAddress":
		address := "203.0.113.80"
		if text("ipVersion") == "IPV6" {
			address = "2001:db8:80::"
		}
		c.computed(state, "address", address)
	case "gcp:certificatemanager/dnsAuthorization:DnsAuthorization":
		c.computed(state, "dnsResourceRecords", []any{map[string]any{"name": "_acme-challenge." + text("domain") + ".", "type": "CNAME",
			"data": digest(r.URN, 8) + ".1.authorize.certificatemanager.goog."}})
	case "gcp:certificatemanager/certificate:Certificate":
		state["managed"] = resource.NewProperty(state["managed"].ObjectValue().Copy())
		c.computed(state["managed"].ObjectValue(), "state", "PROVISIONING")
	case "gcp:dns/recordSet:RecordSet":
		id = fmt.Sprintf("projects/%s/managedZones/%s/rrsets/%s/%s", c.project, text("managedZone"), text("name"), text("type"))
	case "gcp:monitoring/notificationChannel:NotificationChannel":
		id = "projects/" + c.project + "/notificationChannels/" + digest(r.URN, 12)
		c.computed(state, "name", id)
	case "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig":
		c.computed(state, "uptimeCheckId", r.Name+"-"+digest(r.URN, 8))
		id = "projects/" + c.project + "/uptimeCheckConfigs/" + r.Name + "-" + digest(r.URN, 8)
	case "gcp:monitoring/alertPolicy:AlertPolicy", "gcp:monitoring/dashboard:Dashboard":
		id = r.Type + "/" + digest(r.URN, 12)
	case "gcp:serviceaccount/account:Account":
		email := text("accountId") + "@" + c.project + ".iam.gserviceaccount.com"
		id = "projects/" + c.project + "/serviceAccounts/" + email
		c.computed(state, "email", email)
		c.computed(state, "name", id)
		c.computed(state, "member", "serviceAccount:"+email)
	case ClusterType:
		sum := sha256.Sum256([]byte(id))
		c.computed(state, "endpoint", fmt.Sprintf("198.18.%d.%d", sum[0], sum[1]))
		state["masterAuth"] = resource.NewProperty(resource.PropertyMap{
			"clientCertificateConfig": state["masterAuth"].ObjectValue()["clientCertificateConfig"],
		})
		c.computed(state["masterAuth"].ObjectValue(), "clusterCaCertificate",
			base64.StdEncoding.EncodeToString([]byte("certificate authority of "+text("name"))))
	case PoolType:
		id = fmt.Sprintf("projects/%s/locations/%s/clusters/%s/nodePools/%s", c.project, place, text("cluster"), text("name"))
		group := "https://www.googleapis.com/compute/v1/projects/" + c.project + "/zones/" + place + "/%s/gke-" + text("name") + "-grp"
		c.computed(state, "managedInstanceGroupUrls", []any{fmt.Sprintf(group, "instanceGroups")})
		c.computed(state, "instanceGroupUrls", []any{fmt.Sprintf(group, "instanceGroupManagers")})
	}
	return id
}

// random simulates pulumi-random. Its values are derived from the URN: the same in every run, and different for every
// resource.
func (c cloud) random(r *Resource, state resource.PropertyMap) string {
	length := int(state["length"].NumberValue())
	switch r.Type {
	case "random:index/randomPassword:RandomPassword":
		text := digest(r.URN, length)
		if special, ok := state["special"]; !ok || special.BoolValue() {
			text = `'"` + text[2:] // special characters are on unless switched off
		}
		c.computed(state, "result", text)
		c.computed(state, "bcryptHash", "$2a$10$"+digest(r.URN+"bcrypt", 53))
		return "none"
	case "random:index/randomBytes:RandomBytes":
		seed := r.URN
		if c.rekeyed && strings.HasPrefix(r.Name, "certificates-") {
			seed += " again"
		}
		data := []byte(digest(seed, length))
		c.computed(state, "base64", base64.StdEncoding.EncodeToString(data))
		c.computed(state, "hex", hex.EncodeToString(data))
		return base64.StdEncoding.EncodeToString(data)
	}
	panic(fmt.Sprintf("stacktest: pulumi-random makes no %s here", r))
}

// ClusterScoped says whether objects of a kind have no namespace.
func ClusterScoped(kind string) bool {
	switch kind {
	case "Namespace", "PersistentVolume", "StorageClass", "PriorityClass", "ClusterRole", "ClusterRoleBinding":
		return true
	}
	return false
}

// Kind is the last part of a resource's type: the kind of a Kubernetes object.
func (r *Resource) Kind() string { return r.Type[strings.LastIndex(r.Type, ":")+1:] }

// kubernetes simulates pulumi-kubernetes.
func (c cloud) kubernetes(r *Resource, state resource.PropertyMap) string {
	metadata := resource.PropertyMap{}
	if given, ok := state["metadata"]; ok {
		metadata = given.ObjectValue().Copy()
	}
	if _, named := metadata["name"]; !named {
		metadata["name"] = resource.NewProperty(autoName(r, 8))
	}
	id := metadata["name"].StringValue()
	if !ClusterScoped(r.Kind()) {
		if _, ok := metadata["namespace"]; !ok {
			metadata["namespace"] = resource.NewProperty("default")
		}
		id = metadata["namespace"].StringValue() + "/" + id
	}
	metadata["uid"] = resource.NewProperty(uid(r))
	state["metadata"] = resource.NewProperty(metadata)
	if r.Kind() == "PersistentVolumeClaim" {
		spec := state["spec"].ObjectValue().Copy()
		if _, bound := spec["volumeName"]; !bound {
			spec["volumeName"] = resource.NewProperty("pvc-" + uid(r))
		}
		state["spec"] = resource.NewProperty(spec)
	}
	return id
}

// uid has the form of a UUID.
func uid(r *Resource) string {
	d := digest(r.URN+"uid", 32)
	return d[:8] + "-" + d[8:12] + "-" + d[12:16] + "-" + d[16:20] + "-" + d[20:]
}

// digest is a hash of a text, as length hexadecimal digits.
func digest(text string, length int) string {
	var digits string
	for i := 0; len(digits) < length; i++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", i, text))
		digits += hex.EncodeToString(sum[:])
	}
	return digits[:length]
}
