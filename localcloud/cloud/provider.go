package cloud

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

// Provider makes one provider server for one connection of the Pulumi engine. The engine opens a connection for every
// explicit provider instance and configures it there, so that state kept in a Provider is that instance's own.
type Provider func() plugin.Provider
