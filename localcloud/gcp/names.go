package gcp

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/gcp/schema"
)

// naming is the rule for the names of a type.
type naming struct {
	pattern *regexp.Regexp
	limit   int
	rule    string
}

var (
	// computeNames is Compute Engine's rule, from RFC 1035.
	computeNames = &naming{googlecloud.Name, googlecloud.MaxName,
		"1 to 63 lower-case letters, digits and hyphens, from a letter to a letter or digit (RFC 1035)"}
	// containerNames is GKE's, for clusters and node pools.
	containerNames = &naming{googlecloud.Name, googlecloud.MaxClusterName,
		"1 to 40 lower-case letters, digits and hyphens, from a letter to a letter or digit"}

	accountIDs = googlecloud.ServiceAccountID
	// projectIDs admits the prefix of a domain too, as the published provider does.
	projectIDs    = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z]([-a-z0-9]{4,28}[a-z0-9])$`)
	labelKeys     = regexp.MustCompile(`^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$`)
	labelValues   = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$`)
	networkTags   = googlecloud.Name
	domainPattern = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

func (n *naming) check(name string) error {
	if len(name) > n.limit || !n.pattern.MatchString(name) {
		return fmt.Errorf("%q is not a valid name: %s", name, n.rule)
	}
	return nil
}

// suffix is the length of an automatic name's suffix: a hyphen and seven hexadecimal digits.
const suffix = 8

// autoName returns a name for a resource that was given none: the old name if it was automatic too, the name that the
// engine's autonaming configuration proposes, or the resource's own name with a random suffix.
func (n *naming) autoName(req plugin.CheckRequest) (string, error) {
	if isDefault(req.Olds, "name") {
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

// isDefault reports whether Check filled in a top-level property.
func isDefault(m resource.PropertyMap, name string) bool {
	list, ok := m[schema.Defaults]
	if !ok || !list.IsArray() {
		return false
	}
	for _, v := range list.ArrayValue() {
		if v.IsString() && v.StringValue() == name {
			return true
		}
	}
	return false
}

// addDefault records that a top-level property was filled in.
func addDefault(m resource.PropertyMap, name string) {
	var list []resource.PropertyValue
	if v, ok := m[schema.Defaults]; ok && v.IsArray() {
		list = v.ArrayValue()
	}
	m[schema.Defaults] = resource.NewArrayProperty(append(list, resource.NewStringProperty(name)))
}
