package state

import (
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Entrance is what led to the site after the last update. A certificate's state is that of the last update or refresh
// that read it.
type Entrance struct {
	// SiteURL is the URL that WordPress used for itself, and URLs are all that it answered to as its own, in every region after
	// the last update that reached all of them; empty before the first one.
	SiteURL string
	URLs    []string
	// Issued are the names whose certificates were issued: they are, they were in that update, or the stack has published the
	// name's address since, because a certificate that is being renewed looks like a new one. Ordered.
	Issued []string
	// Failed are the certificates that Google has given up, by name.
	Failed map[string]Failure
	// Published are the names whose addresses the stack had published; ordered.
	Published []string
	// Redirects says whether port 80 redirected to HTTPS instead of serving the site.
	Redirects bool
	// Classic is the name of a certificate of Compute Engine, which earlier versions of the program made; empty without one.
	// Mapped says whether the HTTPS listener used Certificate Manager's.
	Classic string
	Mapped  bool
}

// Failure is a certificate that will never be issued. Google never tries again.
type Failure struct {
	URN    string
	Reason string // Google's words; may be empty
}

const (
	balancerType    = "geo-wordpress:loadbalancer:LoadBalancer"
	certificateType = "gcp:certificatemanager/certificate:Certificate"
	classicType     = "gcp:compute/managedSslCertificate:ManagedSslCertificate"
	recordType      = "gcp:dns/recordSet:RecordSet"
	httpType        = "gcp:compute/targetHttpProxy:TargetHttpProxy"
	httpsType       = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"
)

// read adds what one resource says.
func (e *Entrance) read(urn resource.URN, outputs map[string]any) {
	text := func(name string) string {
		value, _ := outputs[name].(string)
		return value
	}
	managed, _ := outputs["managed"].(map[string]any)
	first := ""
	if domains := texts(managed["domains"]); len(domains) > 0 {
		first = domains[0]
	}
	switch urn.Type() {
	case balancerType:
		e.SiteURL = text("siteUrl")
		e.URLs = texts(outputs["urls"])
		e.Issued = append(e.Issued, texts(outputs["issued"])...)
	case certificateType:
		switch managed["state"] {
		case "ACTIVE":
			e.Issued = append(e.Issued, first)
		case "FAILED":
			if e.Failed == nil {
				e.Failed = map[string]Failure{}
			}
			e.Failed[first] = Failure{URN: string(urn), Reason: reason(managed)}
		}
	case recordType:
		if text("type") == "A" {
			e.Published = append(e.Published, strings.TrimSuffix(text("name"), "."))
		}
	case classicType:
		e.Classic = first
	case httpType:
		e.Redirects = strings.Contains(path.Base(text("urlMap")), "-redirect")
	case httpsType:
		e.Mapped = text("certificateMap") != ""
	}
}

// complete is called when all resources are read.
func (e *Entrance) complete() {
	slices.Sort(e.Published)
	e.Issued = append(e.Issued, e.Published...)
	slices.Sort(e.Issued)
	e.Issued = slices.DeleteFunc(slices.Compact(e.Issued), func(name string) bool {
		_, failed := e.Failed[name]
		return failed
	})
}

// texts are the strings of a list.
func texts(list any) (all []string) {
	values, _ := list.([]any)
	for _, value := range values {
		text, _ := value.(string)
		all = append(all, text)
	}
	return all
}

// reason is why Google gave up a certificate: what it says of the certificate, and of the attempt to prove the name.
func reason(managed map[string]any) string {
	var all []string
	for _, list := range []string{"provisioningIssues", "authorizationAttemptInfos"} {
		values, _ := managed[list].([]any)
		for _, value := range values {
			object, _ := value.(map[string]any)
			for _, name := range []string{"reason", "failureReason", "details"} {
				if text, _ := object[name].(string); text != "" && !slices.Contains(all, text) {
					all = append(all, text)
				}
			}
		}
	}
	return strings.Join(all, ": ")
}
