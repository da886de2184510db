// Package stacktest runs the program as the Pulumi engine does, on a resource monitor that records the registrations
// and responds as Google Cloud, Kubernetes and pulumi-random would.
//
// It speaks the engine's own protocol, gRPC on the loopback address, instead of using pulumi.WithMocks: the SDK's mocks
// drop unknown values in a preview, and never see the stack's outputs.
package stacktest
