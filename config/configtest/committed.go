// Package configtest provides the configurations for tests: the committed one, any valid one, and one for every kind
// of mistake. All have the form of pulumi.RunInfo.Config.
package configtest

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pulumi/esc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// Project is the Pulumi project's name, the namespace of the program's own keys.
const Project = "geo-wordpress"

// Encrypted are the keys whose values must be encrypted: pulumi.RunInfo.ConfigSecretKeys of a correct stack.
func Encrypted() []string { return []string{full("mailPassword")} }

// Committed is the configuration of the committed dev stack, as the Pulumi CLI builds it from Pulumi.yaml's defaults
// and Pulumi.dev.yaml.
func Committed(t testing.TB) map[string]string {
	t.Helper()
	return Stack(t, "dev")
}

// Minimal is the configuration of a stack that sets gcp:project and nothing else.
func Minimal(t testing.TB) map[string]string {
	t.Helper()
	values := Stack(t, "a-stack-without-a-file")
	values["gcp:project"] = "some-project"
	return values
}

// Stack is the configuration of a stack of the project, which may have no file yet.
func Stack(t testing.TB, name string) map[string]string {
	t.Helper()
	project, err := workspace.LoadProject(Path("Pulumi.yaml"))
	if err != nil {
		t.Fatalf("reading the project: %v", err)
	}
	stack, err := workspace.LoadProjectStack(nil, project, Path("Pulumi."+name+".yaml"))
	if err != nil {
		t.Fatalf("reading the stack %s: %v", name, err)
	}
	if err := workspace.ValidateStackConfigAndApplyProjectConfig(context.Background(), name, project, esc.Value{},
		stack.Config, config.NopEncrypter, config.NopDecrypter); err != nil {
		t.Fatalf("applying the project's configuration: %v", err)
	}
	decrypted, err := stack.Config.Decrypt(config.NopDecrypter)
	if err != nil {
		t.Fatalf("reading the configuration of the stack %s: %v", name, err)
	}
	values := map[string]string{}
	for key, value := range decrypted {
		values[key.String()] = value
	}
	return values
}

// Path is the path of a file of the project.
func Path(name string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", name)
}
