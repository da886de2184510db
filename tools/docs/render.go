package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

const head = `# Every key of the configuration

<!-- Made from Pulumi.yaml by make reference. -->

A stack must set only ` + "`gcp:project`" + `, and needs ` + "`authorizedNetworks`" + ` on Google Cloud. ` + "`pulumi preview`" + ` and
[` + "`make doctor`" + `](first-steps.md#5-check) report every mistake at once, before anything is made.

` + "```sh" + `
pulumi config set machineType e2-standard-8                # a simple value
pulumi config set --path 'authorizedNetworks[0]' 192.0.2.7/32   # an entry of a list, from 0
pulumi config set --path backup.keepDays 30                # a field of an object
pulumi config set --secret mailPassword                    # a secret: it asks for the value
pulumi config rm backup                                    # back to the default
` + "```" + `

A change takes effect with the next ` + "`pulumi up`" + `; ` + "`pulumi preview`" + ` shows what it will do.
[What changes in which order](operating.md#what-changes-in-which-order) says what restarts.
`

// render writes the page.
func render(sections []section) (string, error) {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("\n")
	for _, s := range sections {
		var links []string
		for _, k := range s.keys {
			links = append(links, fmt.Sprintf("[`%s`](#%s)", k.name, slug(k.name)))
		}
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", s.title, slug(s.title), strings.Join(links, ", "))
	}
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n", s.title)
		for _, k := range s.keys {
			kind := k.Type
			if k.Items.Type != "" {
				kind += " of " + k.Items.Type + "s"
			}
			if k.Secret {
				kind += ", secret"
			}
			value, block, err := defaultOf(k.Default)
			if err != nil {
				return "", fmt.Errorf("%s: %w", k.name, err)
			}
			fmt.Fprintf(&b, "\n### `%s`\n\n%s, %s\n\n%s%s\n", k.name, kind, value, block, prose(k.Description))
		}
	}
	return b.String(), nil
}

// defaultOf describes a default: on the line, or in a block below it.
func defaultOf(node yaml.Node) (line, block string, err error) {
	switch {
	case node.Kind == 0:
		return "no default", "", nil
	case node.Kind == yaml.ScalarNode && node.Value == "", node.Kind != yaml.ScalarNode && len(node.Content) == 0:
		return "empty by default", "", nil
	case node.Kind == yaml.ScalarNode:
		return "default `" + node.Value + "`", "", nil
	}
	text, err := yaml.Marshal(&node)
	return "by default", "```yaml\n" + string(text) + "```\n\n", err
}

// files are names of pages in a description.
var files = regexp.MustCompile(`docs/([a-z-]+\.md)`)

// prose makes a description Markdown: what is not in backquotes is text, except for the names of pages.
func prose(text string) string {
	parts := strings.Split(strings.TrimSpace(text), "`")
	for i := range parts {
		if i%2 == 0 {
			plain := strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`, "[", `\[`).Replace(parts[i])
			parts[i] = files.ReplaceAllString(plain, "[$1]($1)")
		}
	}
	return strings.Join(parts, "`")
}

// slug is the anchor that GitHub gives a heading.
func slug(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}
