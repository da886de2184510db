package cloud

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

// Provider creates the provider server for one connection of the Pulumi engine. The engine opens and configures a
// separate connection for every explicit provider instance, so that each instance has its own state in its Provider.
type Provider func() plugin.Provider
