// Package sandbox runs processes as a container runtime does: each in a mount, process, IPC and UTS namespace of its
// own and in its pod's network namespace, on a root file system made for it, as the user and with the capabilities that
// it was declared with. It needs Linux and root.
//
// Main puts the whole test process into namespaces first, so that nothing a test does reaches the machine, and nothing
// outlives the test: when its first process ends, the kernel ends all others and takes mounts and networks down.
package sandbox
