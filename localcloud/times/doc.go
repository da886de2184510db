// Package times has the durations of the real cloud: of Google's operations, and of workloads in the clusters.
package times
