// Package regions describes the regions without creating anything: their address ranges, and the names used across
// clusters. It is pure: the same configuration always gives the same regions.
package regions
