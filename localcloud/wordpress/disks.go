package wordpress

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// keepDisksOf makes the directory ready for a stack: the volumes in it are the stack's if one of its disks was there
// when they were last used, and else are removed, as another stack's.
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
		return fmt.Errorf("the disks whose volumes there are: %s: %w; `localcloud reset` removes it", path, err)
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
