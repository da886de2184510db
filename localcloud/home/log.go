package home

import (
	"io"
	"os"
	"slices"
	"strings"
)

// maxLog is the size, in bytes, above which OpenLog rotates a log.
const maxLog = 8 << 20

// OpenLog opens a log for appending, and first moves one that has grown large to PATH.1.
func OpenLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		_ = os.Rename(path, path+".1")
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// Tail returns the last lines of a file. It reads at most the last MiB.
func Tail(path string, lines int) (string, error) {
	const window = 1 << 20
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	start := max(0, info.Size()-window)
	content, err := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	if err != nil {
		return "", err
	}
	all := slices.Collect(strings.Lines(string(content)))
	return strings.Join(all[max(0, len(all)-max(0, lines)):], ""), nil
}
