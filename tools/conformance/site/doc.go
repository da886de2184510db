// Site runs a stack's WordPress with the real software, for the local cloud: it is what `localcloud start
// --real-wordpress` starts. It reads the declared objects from its standard input, as declared.Read has them, starts
// the Placement Drivers, one TiDB, and per region the NFS server, Syncthing and WordPress, as package world runs
// declared pods, with its substitutions, and serves each region's WordPress on a Unix socket:
//
//	cat stack.json - | real-wordpress --sockets DIR --disks DIR --logs DIR
//
// The sockets are DIR/REGION.sock: who connects to one is connected with a ready WordPress pod of the region. Their
// directory is removed at the end. Volumes are kept in the directory of the disks, from one run to the next; the
// containers' logs are in that of the logs.
//
// On its standard output is a line for each step, the last one "ready". On its standard error are the substitutions,
// and what goes wrong. It ends, in order, when its standard input does, so with whoever started it, or on SIGTERM or
// SIGINT.
//
//	real-wordpress --check
//
// says what this machine lacks for it, a line each, and then ends with status 1.
//
// It needs root, Linux, and the programs of images.Missing.
package main
