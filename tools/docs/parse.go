package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// section is a group of keys. A comment "# == Title" above a key of Pulumi.yaml begins one.
type section struct {
	title string
	keys  []key
}

// key is a configuration key as Pulumi.yaml declares it.
type key struct {
	name        string
	Type        string `yaml:"type"`
	Description string `yaml:"description"`
	Secret      bool   `yaml:"secret"`
	Items       struct {
		Type string `yaml:"type"`
	} `yaml:"items"`
	Default yaml.Node `yaml:"default"`
}

const mark = "# == "

// seldom are the sections that hardly anybody needs. The page has them at the end.
var seldom = []string{"Images", "Namespaces"}

// parse reads the keys of a project file, in its order.
func parse(declared []byte) ([]section, error) {
	var document struct {
		Config   yaml.Node `yaml:"config"`
		Template struct {
			Config map[string]key `yaml:"config"`
		} `yaml:"template"`
	}
	if err := yaml.Unmarshal(declared, &document); err != nil {
		return nil, err
	}
	project := document.Template.Config["gcp:project"]
	project.name, project.Type = "gcp:project", "string"
	sections := []section{{title: "The project", keys: []key{project}}}
	for i := 0; i+1 < len(document.Config.Content); i += 2 {
		name, value := document.Config.Content[i], document.Config.Content[i+1]
		if title := titleOf(name.HeadComment); title != "" {
			sections = append(sections, section{title: title})
		}
		if strings.Contains(name.Value, ":") {
			continue // of Pulumi, and not to be changed
		}
		k := key{name: name.Value}
		if err := value.Decode(&k); err != nil {
			return nil, fmt.Errorf("%s: %w", name.Value, err)
		}
		if k.Type == "" || k.Description == "" {
			return nil, fmt.Errorf("%s has no type or no description", name.Value)
		}
		if len(sections) == 1 {
			return nil, fmt.Errorf("%s is in no section: put %q with a title above it", name.Value, mark)
		}
		last := &sections[len(sections)-1]
		last.keys = append(last.keys, k)
	}
	if len(sections) == 1 {
		return nil, errors.New("it declares no keys")
	}
	slices.SortStableFunc(sections, func(a, b section) int { return slices.Index(seldom, a.title) - slices.Index(seldom, b.title) })
	return sections, nil
}

// titleOf is the title in a comment, or empty.
func titleOf(comment string) string {
	for _, line := range strings.Split(comment, "\n") {
		if title, ok := strings.CutPrefix(line, mark); ok {
			return strings.TrimSpace(title)
		}
	}
	return ""
}
