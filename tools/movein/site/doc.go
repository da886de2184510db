// Package site finds in a dump which WordPress it holds (Survey), decides what of it moves and how (Plan), and rewrites it
// (Rewrite). Both read the dump from its begin to its end; what they keep in memory does not grow with its rows, but for the
// keys of one table at a time, up to a limit.
package site
