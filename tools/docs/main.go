package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docs DIRECTORY-OF-THE-REPOSITORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// page is the reference, in the repository.
const page = "docs/configuration.md"

// write writes the reference of a repository.
func write(repository string) error {
	text, err := reference(repository)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(repository, page), []byte(text), 0o644)
}

// reference is the page as it should be.
func reference(repository string) (string, error) {
	declared, err := os.ReadFile(filepath.Join(repository, "Pulumi.yaml"))
	if err != nil {
		return "", err
	}
	sections, err := parse(declared)
	if err != nil {
		return "", fmt.Errorf("reading Pulumi.yaml: %w", err)
	}
	return render(sections)
}
