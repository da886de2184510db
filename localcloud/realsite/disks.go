package realsite

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// keepDisksOf prepares the directory for a stack. It keeps the volumes if one of the stack's disks existed when they
// were last used; otherwise they are another stack's, and are removed.
func keepDisksOf(dir string, disks []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, "disks.json")
	var before []string
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, &before)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the list of disks %s: %w; `localcloud reset` removes it", path, err)
	}
	if !slices.ContainsFunc(disks, func(disk string) bool { return slices.Contains(before, disk) }) {
		if err := os.RemoveAll(filepath.Join(dir, "disks")); err != nil {
			return err
		}
	}
	if content, err = json.Marshal(disks); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
