// Package times has the durations of the real cloud: of Google's operations, and of workloads in the clusters. The local
// cloud delays its operations by them, and tests of the graph weigh its critical path with them.
package times
