// Package makespan measures how long an update and a destroy would take on Google, against the least that the graph
// allows, its critical path.
//
// The real engine runs the real program. What stands in is the cloud: the Google API stand-in over control planes and
// machines that are not there, and a Kubernetes provider that only remembers its objects. Each operation takes the time
// that package times gives it, on a clock that stands still while anybody computes and leaps to the next end of an
// operation when nobody does. So the makespan tells of the graph and of the engine's order of work, and not of this
// machine; what the engine itself computes is measured beside it, on the real clock.
package makespan
