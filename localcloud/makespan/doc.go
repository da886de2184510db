// Package makespan measures how long an update and a destroy would take on Google, compared with the least that the
// graph allows, its critical path.
//
// The real engine runs the real program. The cloud is a stand-in: the Google API over control planes and machines that
// do not exist, and a Kubernetes provider without objects. Each operation takes the time that package times gives it,
// on a virtual clock that stands still while anything computes and otherwise leaps to the next end of an operation. So
// the makespan depends on the graph and on the engine's scheduling, not on this machine. The engine's own computing
// time is measured separately, on the real clock.
package makespan
