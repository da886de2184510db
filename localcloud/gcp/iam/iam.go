// Package iam declares the resource types of a project: its services, service accounts and roles.
package iam

import "geo-wordpress/localcloud/gcp/api"

// Kinds are the resource types.
func Kinds() []*api.Kind { return []*api.Kind{service(), account(), member(), accountMember()} }
