// Package sandbox runs processes as a container runtime does: each in its own mount, PID, IPC and UTS namespaces and in
// its pod's network namespace, on its own root file system, with the declared user and capabilities. It needs Linux and
// root.
//
// Main first moves the whole test process into namespaces, so that no test affects the machine and nothing outlives the
// tests: when their first process ends, the kernel kills all others and removes their mounts and networks.
package sandbox
