// Package faults decides, by a seed, which calls on the cloud go wrong and how, and counts them.
//
// The decision for a call depends on the seed, the kind of fault and the resource alone, not on the order in which calls
// come: a seed gives the same faults however the calls interleave. A resource that is hit is hit on its first tries, so
// that whoever tries again gets through.
package faults
