// Package regions says what a region of the system is, without making one: the configuration with every check that can
// be made before a resource is registered, the address plan, the names that cross clusters, and what fits on which
// machine. It is pure: the same configuration always gives the same system.
package regions
