// Package realsite puts the real WordPress behind the simulated pods, on a machine that has its software.
//
// A separate program, tools/conformance/site, runs the software from the objects in the clusters' API servers: a Site
// starts it once every cluster has a ready WordPress pod, restarts it when the declared objects change, and ends it
// after the deletion of the last cluster, or when the Site is closed. The volumes are kept as long as any of the stack's disks exists.
//
// The simulation still decides whether a request is served. If a simulated WordPress pod would serve a visitor's request, the real
// WordPress of the pod's region answers it. If the pod would fail it, for example because the simulated database has no
// quorum, the pod's answer stands. Health checks see the simulated pods only.
package realsite
