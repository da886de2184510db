package regions

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Limits of names, in characters.
const (
	// MaxName is Compute Engine's limit for a resource (RFC 1035) and the length of a DNS label.
	MaxName = 63
	// MaxClusterName is GKE's limit for clusters and node pools, whose names it builds machine names from.
	MaxClusterName = 40
	// MinServiceAccountID and MaxServiceAccountID bound the part of a service account's address before the @.
	MinServiceAccountID, MaxServiceAccountID = 6, 30
	// AutoNameSuffix is what Pulumi adds to a logical name: a hyphen and seven hexadecimal digits.
	AutoNameSuffix = 8
)

var (
	rfc1035Label = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`) // Compute Engine: starts with a letter
	rfc1123Label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
)

// CheckName returns why a name is invalid for a Google Cloud resource of at most limit characters, or nil.
func CheckName(name string, limit int) error {
	if len(name) > limit {
		return fmt.Errorf("name %q has %d characters, and at most %d are allowed", name, len(name), limit)
	}
	if !rfc1035Label.MatchString(name) {
		return fmt.Errorf("name %q must be lower-case letters, digits and hyphens, from a letter to a letter or digit", name)
	}
	return nil
}

// Bounded joins the parts of a name by hyphens. A name longer than limit is cut and ends in a hash of the whole, so
// that different long names stay different.
func Bounded(limit int, parts ...string) string {
	name := strings.Join(parts, "-")
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	suffix := "-" + hex.EncodeToString(sum[:3])
	return strings.TrimRight(name[:limit-len(suffix)], "-") + suffix
}

// ServiceAccountID is the ID of a service account for a purpose in a region. Pulumi cannot auto-name one, and an ID is
// unique in its project, so the stack's name is part of it. The purpose comes first and must start with a letter.
func ServiceAccountID(purpose, stack, region string) string {
	return Bounded(MaxServiceAccountID, purpose, sanitized(stack), region)
}

// sanitized turns a stack's name, which may hold capitals, dots and underscores, into a part of a Google Cloud name. If
// that loses characters, a hash keeps different stacks apart.
func sanitized(stack string) string {
	plain := strings.Trim(nameless.ReplaceAllString(strings.ToLower(stack), "-"), "-")
	if plain == stack {
		return plain
	}
	sum := sha256.Sum256([]byte(stack))
	return strings.TrimPrefix(plain+"-"+hex.EncodeToString(sum[:3]), "-")
}

var nameless = regexp.MustCompile(`[^a-z0-9]+`)

// DNSDomain is the DNS domain of a region's cluster. It must be unique in the VPC, which belongs to the stack; local is
// Kubernetes' convention for names outside the public Internet (cluster.local).
func DNSDomain(region string) string { return region + ".geo-wordpress.local" }

// ServiceDNS is the name under which a headless Service of a region resolves in the whole VPC.
func ServiceDNS(service, namespace string, region Region) string {
	return service + "." + namespace + ".svc." + region.DNSDomain
}
