// Package daemon runs the local cloud on one state directory: the cloud itself, a provider server for each package that
// the Pulumi engine may attach to, and a control server to query, change and stop it.
package daemon
