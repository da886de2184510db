// Package controlplane runs Kubernetes control planes, one per GKE cluster, from the real components: etcd,
// kube-apiserver, kube-controller-manager and kube-scheduler. Each is a separate process, started by re-executing the
// running program (see package components), and is restarted when it dies.
//
// A cluster has a directory of its own:
//
//	cluster.json   the cluster's description and ports
//	pki/           its certificate authority, certificates and service-account key
//	config/        the components' configuration
//	data/          etcd's data
//	run/           etcd's socket
//	log/           a log per component
//
// Only the owner can read it. The directory is created atomically, and afterwards only data, run and log change, so
// that a cluster can be restarted after a kill at any moment.
package controlplane
