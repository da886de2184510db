package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const repository = "../.."

// After a change of Pulumi.yaml: make reference.
func TestReferenceIsCurrent(t *testing.T) {
	want, err := reference(repository)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(repository, page))
	if err != nil || string(got) != want {
		t.Errorf("%s is out of date (%v): make reference", page, err)
	}
}

func TestReference(t *testing.T) {
	sections, err := parse([]byte(`
config:
  pulumi:disable-default-providers:
    value: [kubernetes]
  # == Images
  pdImage: {type: string, description: An image., default: pd:1}
  # Of the machines.
  # == Machines
  nodes: {type: integer, description: Number of <machines>., default: 2}
  networks: {type: array, items: {type: string}, description: "Ranges * and a_b; docs/mail.md has more.", default: []}
  regions:
    type: array
    items: {type: object}
    description: Set ` + "`a*b`" + `.
    default: [{name: a, zone: a-b}]
  password: {type: string, secret: true, description: A secret., default: ""}
  none: {type: object, description: Without a default.}
template:
  config:
    gcp:project: {description: The project}
`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := render(sections)
	if err != nil {
		t.Fatal(err)
	}
	rest := text
	for _, part := range []string{
		"- [Machines](#machines): [`nodes`](#nodes), [`networks`](#networks)", "- [Images](#images)",
		"### `gcp:project`\n\nstring, no default\n\nThe project\n",
		"## Machines\n\n### `nodes`\n\ninteger, default `2`\n\nNumber of \\<machines>.\n",
		"### `networks`\n\narray of strings, empty by default\n\nRanges \\* and a\\_b; [mail.md](mail.md) has more.\n",
		"### `regions`\n\narray of objects, by default\n\n```yaml\n[{name: a, zone: a-b}]\n```\n\nSet `a*b`.\n",
		"### `password`\n\nstring, secret, empty by default\n",
		"### `none`\n\nobject, no default\n",
		"## Images\n\n### `pdImage`\n\nstring, default `pd:1`\n", // after what people need more often
	} {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("%q is missing, or not in its place:\n%s", part, text)
			continue
		}
		rest = after
	}
}

func TestBadDeclarations(t *testing.T) {
	for text, want := range map[string]string{
		"config: {a: {type: string, description: D.}}":         "a is in no section",
		"config:\n  # == S\n  a: {type: string}":               "a has no type or no description",
		"config:\n  # == S\n  a: {type: [1], description: D.}": "a: ",
		"config: [":         "yaml: ",
		"name: a project\n": "it declares no keys",
	} {
		if _, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
