// Package rpc serves providers to the Pulumi engine over gRPC.
//
// The engine attaches to a running provider whose port is in PULUMI_DEBUG_PROVIDERS. It opens one connection for every
// provider instance, the default one and each explicit one, and configures each on its own connection; no request names
// its instance. So every connection gets its own provider, created when the connection is accepted and closed when it
// ends.
package rpc
