// Package rpc serves providers to the Pulumi engine over gRPC.
//
// The engine attaches to a provider that already runs when PULUMI_DEBUG_PROVIDERS names its port. It then opens one
// connection for every provider instance, the default one and each explicit one, and configures each on its own
// connection; no request says which instance it is for. So every connection gets a provider of its own, made when the
// connection is accepted and closed when it ends.
package rpc
