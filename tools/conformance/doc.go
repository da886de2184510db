// Package conformance proves what the stack declares against the real software: it starts the declared pods on this
// machine, with their commands, files, users, volumes and probes, and asks of them what the system relies on.
//
// The tests need root, Linux, the programs of images.MissingForTests, and nothing of the network. docs/conformance.md
// says what is substituted, and what therefore stays unproven.
package conformance
