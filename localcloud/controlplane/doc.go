// Package controlplane runs Kubernetes control planes, one per GKE cluster, of the real components: etcd,
// kube-apiserver, kube-controller-manager and kube-scheduler. Each is a process of its own, made by re-executing the
// running program (see package components), and is started again when it dies.
//
// A cluster has a directory of its own:
//
//	cluster.json   what the cluster is, and its API server's port
//	pki/           its certificate authority, certificates and service-account key
//	config/        the components' configuration
//	data/          etcd's data
//	run/           etcd's socket, the processes' identities
//	log/           a log per component
//
// All of it is for the owner's eyes only. The directory appears complete or not at all, and nothing but etcd's data
// changes in it, so that a kill at any moment leaves a cluster that can be started again.
package controlplane
