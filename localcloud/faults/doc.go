// Package faults decides, from a seed, which calls to the cloud fail and how, and counts them.
//
// The decision for a call depends only on the seed, the kind of fault and the resource, not on the order of calls: a
// seed gives the same faults however the calls interleave. A resource is hit on its first tries, so that retries get
// through.
package faults
