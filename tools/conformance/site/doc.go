// Site runs a stack's WordPress with the real software, for the local cloud: `localcloud start --real-wordpress` starts
// it. It reads the declared objects from its standard input, in the format of declared.Read. It starts the one
// store, and per region the Placement Driver, TiDB, the NFS server, Syncthing and WordPress, as package world runs
// declared pods, with its substitutions. It serves each region's WordPress on a Unix socket:
//
//	cat stack.json - | real-wordpress --sockets DIR --disks DIR --logs DIR
//
// The sockets are DIR/REGION.sock. Each leads to a ready WordPress pod of the region. Their directory is removed at the
// end. The directory of the disks holds the volumes, which are kept from one run to the next; that of the logs holds
// the containers' logs.
//
// It prints a line for each step to standard output, the last one "ready", and the substitutions and errors to standard
// error. It shuts down in order when its standard input ends, and so with the process that started it, or on SIGTERM or
// SIGINT.
//
//	real-wordpress --check
//
// prints what this machine lacks for it, a line each, and exits with status 1 if anything is missing.
//
// It needs root, Linux, and the programs of images.Missing.
package main
