package daemon

import (
	"fmt"
	"os"
	"runtime/debug"
)

// Version returns the version of this program: its commit, if the build knows it.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// Build identifies the program's file by size and modification time, so that it differs after another build.
func Build() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d@%d", info.Size(), info.ModTime().UnixNano())
}
