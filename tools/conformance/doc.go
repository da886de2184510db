// Package conformance tests what the stack declares against the real software: it starts the declared pods on this
// machine, with their commands, files, users, volumes and probes, and checks the behaviour that the system relies on.
//
// The tests need root, Linux and the programs of images.MissingForTests, but no network. docs/conformance.md lists what
// is substituted, and what therefore stays unproven.
package conformance
