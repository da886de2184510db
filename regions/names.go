package regions

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"geo-wordpress/googlecloud"
)

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

// ServiceAccountID is the ID of a stack's service account for a purpose, in a region if one is given. Pulumi cannot
// auto-name one, and an ID is unique in its project, so the stack's name is part of it. The purpose comes first and must
// start with a letter.
func ServiceAccountID(purpose, stack string, region ...string) string {
	return Bounded(googlecloud.MaxServiceAccountID, append([]string{purpose, sanitized(stack)}, region...)...)
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
