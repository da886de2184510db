// Package shell models a container's shell. A real interpreter (mvdan.cc/sh) executes the scripts, on the modelled file
// system of the container and with models of the commands that they call; sleep takes as long as at the container's
// pace. A command that has no model is not found.
package shell
