// The published Kubernetes provider of Pulumi, as the plugin that the engine starts. Its own main package embeds a schema
// that is generated and not in its module; the engine asks a plugin for its schema only for programs in YAML.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

// version is that of the SDK which the program uses. The linker sets it.
var version string

func main() {
	schema := []byte(`{"name":"kubernetes","version":"` + version + `"}`)
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
