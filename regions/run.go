package regions

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LoadRun is Load for a run of the program, as the engine describes it (pulumi.RunOption). It refuses encrypted values
// of known keys: each ends up in plain text in a manifest or a resource's name, so encryption would promise too much.
func LoadRun(info *pulumi.RunInfo) (*Config, error) {
	secrets := slices.Sorted(slices.Values(info.ConfigSecretKeys))
	var problems Problems
	for _, key := range secrets {
		name, own := cutNamespace(key, info.Project)
		if _, known := keys[name]; (own && known) || key == "gcp:project" {
			problems = append(problems, Problem{Key: key, Allowed: "is encrypted, but nothing in it stays secret: " +
				"set it without --secret"})
		}
	}
	if len(problems) > 0 {
		return nil, problems // and no other problem, which might show a value
	}
	return Load(info.Config, info.Project)
}
