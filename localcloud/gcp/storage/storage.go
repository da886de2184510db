// Package storage declares the resource types of Cloud Storage, and holds the objects in its buckets.
package storage

import "geo-wordpress/localcloud/gcp/api"

// Kinds are the resource types.
func Kinds() []*api.Kind { return []*api.Kind{bucket(), bucketMember()} }
