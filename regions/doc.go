// Package regions describes the regions without creating anything: the configuration, with every check that is possible
// before a resource is registered; the address plan; the names used across clusters; and the capacity of machine types.
// It is pure: the same configuration always gives the same system.
package regions
