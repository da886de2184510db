// Package livetest tests the kubernetes provider as the engine meets it: through the engine's own client, over gRPC,
// against a real control plane. There are no machines in it; the tests stand in for the kubelet where a Pod is to run.
package livetest
