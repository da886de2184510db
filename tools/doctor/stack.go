package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/esc"
	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"geo-wordpress/config"
)

// settings are what the files of a stack say. No secret is read: an encrypted value is "[secret]".
type settings struct {
	stack   string
	file    bool              // the stack has a file
	values  map[string]string // by full key
	project string            // gcp:project, which may be empty
	config  *config.Config    // nil if it is invalid

	secretsProvider string
	publicSalt      bool // the passphrase is the dev stack's, which everybody knows
	ownPassphrase   bool
}

// configuration reads the stack's files as the Pulumi CLI does, without it, and checks them as the program does.
func (d *doctor) configuration() {
	if _, err := os.Stat(filepath.Join(d.directory, "Pulumi.yaml")); err != nil {
		d.fail("stack", "there is no Pulumi.yaml here", "run doctor in the repository's directory, or with --directory")
		return
	}
	if d.stack == "" {
		d.stack = selected(d.directory)
	}
	if d.stack == "" {
		d.fail("stack", "none is selected", "pulumi stack init prod --secrets-provider gcpkms://..., or name one: doctor --stack STACK")
		return
	}
	s, err := read(d.directory, d.stack)
	if err != nil {
		d.fail("stack", fmt.Sprintf("%s: %v", d.stack, err), "")
		return
	}
	d.settings = s
	if !s.file {
		d.warn("stack", s.stack+" has no file Pulumi."+s.stack+".yaml, so every key has its default", "pulumi stack init "+s.stack+", then pulumi config set")
	}
	loaded, err := config.Load(s.values, projectName)
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		for _, problem := range problems {
			d.fail("configuration", problem.String(), "docs/configuration.md describes every key")
		}
	case err != nil:
		d.fail("configuration", err.Error(), "")
	default:
		s.config = loaded
		d.ok("configuration", fmt.Sprintf("%s is valid, for the project %s", s.stack, s.project))
	}
}

// projectName is the Pulumi project's name, the namespace of the program's keys.
const projectName = "geo-wordpress"

// read reads Pulumi.yaml and the stack's file, if there is one.
func read(directory, stack string) (*settings, error) {
	project, err := workspace.LoadProject(filepath.Join(directory, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	path := func(stack string) string { return filepath.Join(directory, "Pulumi."+stack+".yaml") }
	// Pulumi's backends name a stack ORGANIZATION/PROJECT/STACK; the file has the last part.
	short := stack[strings.LastIndex(stack, "/")+1:]
	own, err := workspace.LoadProjectStack(nil, project, path(short))
	if err != nil {
		return nil, err
	}
	blind := pulumiconfig.NewBlindingDecrypter()
	if err := workspace.ValidateStackConfigAndApplyProjectConfig(context.Background(), stack, project, esc.Value{}, own.Config,
		pulumiconfig.NopEncrypter, blind); err != nil {
		return nil, err
	}
	decrypted, err := own.Config.Decrypt(blind)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(path(short))
	s := &settings{stack: short, file: err == nil, values: map[string]string{},
		secretsProvider: own.SecretsProvider, ownPassphrase: own.EncryptionSalt != ""}
	for key, value := range decrypted {
		s.values[key.String()] = value
	}
	s.project = s.values["gcp:project"]
	if dev, err := workspace.LoadProjectStack(nil, project, path("dev")); err == nil {
		s.publicSalt = own.EncryptionSalt != "" && own.EncryptionSalt == dev.EncryptionSalt
	}
	return s, nil
}

// selected is the stack that `pulumi stack select` chose, or PULUMI_STACK; empty if there is none.
func selected(directory string) string {
	if stack := os.Getenv("PULUMI_STACK"); stack != "" {
		return stack
	}
	if w, err := workspace.NewFrom(directory); err == nil {
		return w.Settings().Stack
	}
	return ""
}
