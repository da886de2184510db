// Package times is how long the real cloud takes: for Google's operations, and for what runs in the clusters.
package times
