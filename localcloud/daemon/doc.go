// Package daemon runs the local cloud: the parts of the cloud on one state directory, a provider server for each
// package that the Pulumi engine may attach to, and a control server to ask it how it is and to stop it.
package daemon
