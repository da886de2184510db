// Package gcp stands in for the Google Cloud API behind the engine's gcp provider: resources in a durable store, with
// Google's names, ranges, references, defaults and errors. A create that references a missing resource fails, and so
// does a delete of a resource in use, so that an edge missing from a program's graph shows at up and at destroy.
//
// A GKE cluster is a control plane of cloud.ControlPlanes, a node pool is machines of cloud.Machines; all else is only
// a record. Where the stand-in supports less than Google, it returns an error: it never ignores an input.
//
// This package assembles the services (compute, container, iam, storage) on package api, and answers the questions of the
// machines and the load balancers about the declared resources.
package gcp
