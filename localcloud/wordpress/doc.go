// Package wordpress puts the real WordPress behind the simulated pods, on a machine that has its software.
//
// The software is run by a program of its own, tools/conformance/site, on what the API servers of the clusters have:
// a Site starts it once every cluster's WordPress pods are ready, again when what is declared changes, and ends it with
// the last cluster or with itself. The volumes are kept as long as any of the stack's disks exists.
//
// The simulation still decides who answers: a visitor's request that reaches a simulated WordPress pod, and that the pod
// would serve, is answered by the real WordPress of the pod's region; one that the pod would fail, because the simulated
// database has no quorum, say, fails as the pod says. Health checks know the simulated pods only.
package wordpress
