package main

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// document is a parsed Markdown file.
type document struct {
	anchors map[string]bool
	links   []string
}

func read(t *testing.T, path string) document {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := document{anchors: map[string]bool{}}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err = ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := node.(type) {
		case *ast.Heading:
			anchor := slug(words(n, source))
			unique := anchor
			for i := 1; d.anchors[unique]; i++ {
				unique = fmt.Sprintf("%s-%d", anchor, i)
			}
			d.anchors[unique] = true
		case *ast.Link:
			d.links = append(d.links, string(n.Destination))
		case *ast.Image:
			d.links = append(d.links, string(n.Destination))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// words is the text of a node.
func words(node ast.Node, source []byte) string {
	var b strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		if leaf, ok := child.(*ast.Text); ok {
			b.Write(leaf.Segment.Value(source))
		} else {
			b.WriteString(words(child, source))
		}
	}
	return b.String()
}

// markdown are the repository's Markdown files, also those that are not committed yet.
func markdown(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", repository, "ls-files", "-co", "--exclude-standard", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Fields(string(out))
	if len(files) < 10 {
		t.Fatalf("only %v", files)
	}
	return files
}

// Every link inside the repository leads to a file, and to a heading in it.
func TestLinks(t *testing.T) {
	documents := map[string]document{}
	for _, file := range markdown(t) {
		if _, err := os.Stat(filepath.Join(repository, file)); err == nil { // else it is deleted, and not committed yet
			documents[file] = read(t, filepath.Join(repository, file))
		}
	}
	for file, d := range documents {
		for _, link := range d.links {
			to, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %s: %v", file, link, err)
				continue
			}
			if to.IsAbs() {
				continue
			}
			target := file
			if to.Path != "" {
				target = filepath.Join(filepath.Dir(file), to.Path)
			}
			if _, err := os.Stat(filepath.Join(repository, target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", file, link)
				continue
			}
			if to.Fragment == "" {
				continue
			}
			if other, ok := documents[target]; !ok || !other.anchors[to.Fragment] {
				t.Errorf("%s links to %s, but %s has no such heading", file, link, target)
			}
		}
	}
}

// The index lists every page.
func TestIndex(t *testing.T) {
	listed := map[string]bool{}
	for _, link := range read(t, filepath.Join(repository, "docs/README.md")).links {
		listed[strings.SplitN(link, "#", 2)[0]] = true
	}
	for _, file := range markdown(t) {
		name, ok := strings.CutPrefix(file, "docs/")
		if ok && name != "README.md" && !listed[name] {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}
