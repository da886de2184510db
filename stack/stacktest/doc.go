// Package stacktest runs the program as the Pulumi engine does, on a resource monitor that records what is registered
// and answers as Google Cloud, Kubernetes and pulumi-random would.
//
// It speaks the engine's own protocol, over gRPC on the loopback address, rather than use pulumi.WithMocks: the SDK's
// mocks drop what is unknown in a preview, and never see the stack's outputs.
package stacktest
