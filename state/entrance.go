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
	// SiteURL is the URL that WordPress used for itself; empty before the first update.
	SiteURL string
	// Issued are the names whose certificates were issued, or whose address the stack has published since; ordered.
	Issued []string
	// Redirects says whether port 80 redirected to HTTPS instead of serving the site.
	Redirects bool
	// Classic is the name of a certificate of Compute Engine, which earlier versions of the program made; empty without one.
	// Mapped says whether the HTTPS listener used Certificate Manager's.
	Classic string
	Mapped  bool
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
	domains, _ := managed["domains"].([]any)
	first := ""
	if len(domains) > 0 {
		first, _ = domains[0].(string)
	}
	switch urn.Type() {
	case balancerType:
		e.SiteURL = text("siteUrl")
	case certificateType:
		if managed["state"] == "ACTIVE" {
			e.Issued = append(e.Issued, first)
		}
	case recordType:
		if kind := text("type"); kind == "A" {
			e.Issued = append(e.Issued, strings.TrimSuffix(text("name"), "."))
		}
	case classicType:
		e.Classic = first
	case httpType:
		e.Redirects = strings.Contains(path.Base(text("urlMap")), "-redirect")
	case httpsType:
		e.Mapped = text("certificateMap") != ""
	}
}

func (e *Entrance) sort() {
	slices.Sort(e.Issued)
	e.Issued = slices.Compact(e.Issued)
}
