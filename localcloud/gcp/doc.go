// Package gcp stands in for the Google Cloud API behind the engine's gcp provider: resources in a durable store, with
// Google's names, ranges, references, defaults and errors. A create that names what does not exist fails, and so does
// a delete of what is in use, so that an edge missing from a program's graph shows at up and at destroy.
//
// A GKE cluster is a control plane of cloud.ControlPlanes, a node pool machines of cloud.Machines; everything else is
// a record. Where the stand-in knows less than Google does it says so in an error: no input is ever ignored.
package gcp
