// Package machinetype knows what a Compute Engine machine type holds, and how much of it GKE leaves to pods.
package machinetype
