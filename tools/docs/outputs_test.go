package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/verify.md has every output of the stack.
func TestOutputs(t *testing.T) {
	declared, err := os.ReadFile(filepath.Join(repository, "stack/outputs.go"))
	if err != nil {
		t.Fatal(err)
	}
	described, err := os.ReadFile(filepath.Join(repository, "docs/verify.md"))
	if err != nil {
		t.Fatal(err)
	}
	outputs := regexp.MustCompile(`Export\("([^"]+)"`).FindAllStringSubmatch(string(declared), -1)
	if len(outputs) < 5 {
		t.Fatalf("only %v", outputs)
	}
	for _, output := range outputs {
		if !strings.Contains(string(described), "`"+output[1]+"`") {
			t.Errorf("docs/verify.md does not describe the output %s", output[1])
		}
	}
}
