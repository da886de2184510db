// Command kubernetesprovider is Pulumi's published Kubernetes provider as the engine's plugin. Its own main package
// embeds a generated schema that is not in its module; the engine requests a plugin's schema only for YAML programs.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

// version is the version of the program's SDK. The linker sets it.
var version string

func main() {
	schema := []byte(`{"name":"kubernetes","version":"` + version + `"}`)
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
