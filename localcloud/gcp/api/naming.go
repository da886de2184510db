package api

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/gcp/schema"
)

// Naming is the rule for the names of a type.
type Naming struct {
	pattern *regexp.Regexp
	limit   int
	rule    string
}

var (
	// ComputeNames is Compute Engine's rule, from RFC 1035.
	ComputeNames = &Naming{googlecloud.Name, googlecloud.MaxName,
		"1 to 63 lower-case letters, digits and hyphens, from a letter to a letter or digit (RFC 1035)"}
	// ContainerNames is GKE's, for clusters and node pools.
	ContainerNames = &Naming{googlecloud.Name, googlecloud.MaxClusterName,
		"1 to 40 lower-case letters, digits and hyphens, from a letter to a letter or digit"}
	// CertificateNames is Certificate Manager's.
	CertificateNames = &Naming{regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]*$`), 64,
		"1 to 64 letters, digits, hyphens and underscores, starting with a letter"}
	// BucketNames is Cloud Storage's, without the names of domains, which only their owners may use.
	BucketNames = &Naming{regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$`), 63,
		"3 to 63 lower-case letters, digits, hyphens and underscores, from a letter or digit to a letter or digit"}
)

// ProjectID allows project IDs. It admits the prefix of a domain too, as the published provider does.
var ProjectID = schema.Matches(regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z]([-a-z0-9]{4,28}[a-z0-9])$`),
	"6 to 30 lower-case letters, digits and hyphens, starting with a letter")

// Check returns an error for a name that the rule forbids.
func (n *Naming) Check(name string) error {
	if len(name) > n.limit || !n.pattern.MatchString(name) {
		return fmt.Errorf("%q is not a valid name: %s", name, n.rule)
	}
	return nil
}

// suffix is the length of an automatic name's suffix: a hyphen and seven hexadecimal digits.
const suffix = 8

// AutoName returns a name for a resource that was given none: the old name if it was automatic too, the name that the
// engine's autonaming configuration proposes, or the resource's own name with a random suffix.
func (n *Naming) AutoName(req plugin.CheckRequest) (string, error) {
	if schema.IsDefault(req.Olds, "name") {
		if old, ok := schema.Plain(req.Olds["name"]).(string); ok && old != "" {
			return old, nil
		}
	}
	if a := req.Autonaming; a != nil {
		switch {
		case a.Mode == plugin.AutonamingModeDisabled:
			return "", fmt.Errorf("automatic naming is disabled for this stack: give it a name")
		case a.ProposedName != "":
			return a.ProposedName, nil
		}
	}
	base := strings.ToLower(req.URN.Name())
	if most := n.limit - suffix; len(base) > most {
		return "", fmt.Errorf("no automatic name fits: %q has %d characters, and with its suffix of %d the name may "+
			"have %d: shorten the resource's name, or give it a name", base, len(base), suffix, n.limit)
	}
	return resource.NewUniqueName(req.RandomSeed, base+"-", suffix-1, n.limit, nil)
}
