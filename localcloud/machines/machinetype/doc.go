// Package machinetype holds the resources of Compute Engine's machine types, and how much of them GKE leaves to pods.
package machinetype
