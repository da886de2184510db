// Package home is the layout of the local cloud's state directory, its home.
package home

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/natefinch/atomic"
)

// Env is the environment variable that names the home if no flag does.
const Env = "LOCALCLOUD_HOME"

// Default is the home if nothing names one, relative to the current directory.
const Default = ".localcloud"

// marker marks a directory as a home: the local cloud never removes a directory without it.
const marker = "localcloud.home"

const markerText = "The state of a geo-wordpress local cloud. `localcloud reset` removes it.\n"

// Home is a state directory, by its absolute path.
type Home string

// Find returns the home at a path, which may be relative; for an empty path, the environment's or the default one.
func Find(path string) (Home, error) {
	if path == "" {
		path = os.Getenv(Env)
	}
	if path == "" {
		path = Default
	}
	absolute, err := filepath.Abs(path)
	return Home(absolute), err
}

// Dir is the home itself.
func (h Home) Dir() string { return string(h) }

func (h Home) join(elements ...string) string {
	return filepath.Join(append([]string{string(h)}, elements...)...)
}

// Bin holds the programs that stand in for Google Cloud's own.
func (h Home) Bin() string { return h.join("bin") }

// Clusters holds the control planes, Google the Google API's store, Machines the machines' state.
func (h Home) Clusters() string { return h.join("clusters") }
func (h Home) Google() string   { return h.join("google") }
func (h Home) Machines() string { return h.join("machines") }

// WordPress holds the volumes and logs of the real WordPress.
func (h Home) WordPress() string { return h.join("wordpress") }

// Log is the daemon's log.
func (h Home) Log() string { return h.join("log", "localcloud.log") }

// Record is the file in which a ready daemon states how to reach it; Ports holds the ports it had.
func (h Home) Record() string { return h.join("daemon.json") }
func (h Home) Ports() string  { return h.join("ports.json") }

// Failures is the daemon's record of current failures; Settings that of the start options that it keeps.
func (h Home) Failures() string { return h.join("failures.json") }
func (h Home) Settings() string { return h.join("choices.json") }

// Backend is Pulumi's state backend, PulumiHome its own home, Kubeconfig the kubeconfig for a shell.
func (h Home) Backend() string    { return h.join("pulumi") }
func (h Home) PulumiHome() string { return h.join("pulumi-home") }
func (h Home) Plugins() string    { return h.join("pulumi-home", "plugins") }
func (h Home) Kubeconfig() string { return h.join("kubeconfig") }

// Exists reports whether the directory is a home. A directory with other content is an error.
func (h Home) Exists() (bool, error) {
	content, err := os.ReadFile(h.join(marker))
	switch {
	case err == nil && strings.HasPrefix(string(content), markerText):
		return true, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
		return false, err
	}
	entries, err := os.ReadDir(string(h))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s cannot be the local cloud's home: %w", h, err)
	case len(entries) > 0:
		return false, fmt.Errorf("%s contains files, but is not a local cloud's home, because it lacks %s: name another directory with --home",
			h, marker)
	}
	return false, nil
}

// Make creates the home unless it exists. It never takes over a directory that has other files.
func (h Home) Make() error {
	exists, err := h.Exists()
	if err != nil {
		return err
	}
	if !exists {
		if err := os.MkdirAll(string(h), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(h.join(marker), []byte(markerText), 0o600); err != nil {
			return err
		}
	}
	for _, dir := range []string{
		h.Bin(), h.Clusters(), h.Google(), h.Machines(), filepath.Dir(h.Log()), h.Backend(), h.PulumiHome(),
	} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes the home and everything in it, if it is one. Only the caller may hold its lock.
func (h Home) Remove() error {
	exists, err := h.Exists()
	if err != nil || !exists {
		return err
	}
	resolved, err := filepath.EvalSymlinks(string(h))
	if err != nil {
		return err
	}
	// The marker goes last, so that the remains of a failed removal still count as a home.
	entries, err := os.ReadDir(resolved)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == marker {
			continue
		}
		if err := os.RemoveAll(filepath.Join(resolved, entry.Name())); err != nil {
			return err
		}
	}
	// The second call removes the symlink if the home was one.
	return errors.Join(os.RemoveAll(resolved), os.RemoveAll(string(h)))
}

// WriteJSON replaces a file atomically, readable only by its owner: a reader sees the old content or the new.
func WriteJSON(path string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return atomic.WriteFile(path, bytes.NewReader(append(content, '\n')))
}
