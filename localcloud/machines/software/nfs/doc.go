// Package nfs models nfs-provisioner, an NFS server that creates the volumes of its storage classes.
package nfs
