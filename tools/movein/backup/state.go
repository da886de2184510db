package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Names in a backup. The state is removed when the backup is complete.
const (
	databaseDir  = "database"
	filesName    = "files.tar.gz"
	completeName = "complete"
	reportName   = "report.txt"
	stateName    = "movein-unfinished.json"
	temporary    = ".tmp"
)

// State is a backup that is being written. What is done of it is not done again, as long as the inputs are the same.
type State struct {
	dir    string
	Inputs string                     // what the backup is made of
	Done   map[string]json.RawMessage // the results of steps, by name
}

// Complete reports whether a directory is a complete backup.
func Complete(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, completeName))
	return err == nil
}

// Ours reports whether a backup may be written to a directory: it does not exist, is empty, or has an unfinished backup.
func Ours(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil || len(entries) == 0 {
		return true, err
	}
	_, err = os.Stat(filepath.Join(dir, stateName))
	return err == nil, nil
}

// Begin begins a backup, or goes on with one of the same inputs.
func Begin(dir, inputs string) (*State, error) {
	s := &State{dir: dir, Inputs: inputs, Done: map[string]json.RawMessage{}}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var old State
	text, err := os.ReadFile(s.path(stateName))
	if err == nil && json.Unmarshal(text, &old) == nil && old.Inputs == inputs && old.Done != nil {
		s.Done = old.Done
	}
	for _, name := range []string{databaseDir, filesName} {
		if err := os.RemoveAll(s.path(name + temporary)); err != nil {
			return nil, err
		}
		if s.Done[name] == nil {
			if err := os.RemoveAll(s.path(name)); err != nil {
				return nil, err
			}
		}
	}
	return s, s.save()
}

func (s *State) path(name string) string { return filepath.Join(s.dir, name) }

// save writes the state at once: a reader sees the old or the new one.
func (s *State) save() error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return s.replace(stateName, text)
}

func (s *State) replace(name string, text []byte) error {
	file, err := os.Create(s.path(name + temporary))
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(s.path(name+temporary), s.path(name))
}

// Step makes a part of the backup, unless it has been made. make writes to the path that it is given; its result is kept.
func Step[T any](s *State, name string, make func(path string) (T, error)) (result T, again bool, err error) {
	if kept := s.Done[name]; kept != nil {
		return result, true, json.Unmarshal(kept, &result)
	}
	if result, err = make(s.path(name + temporary)); err != nil {
		return result, false, err
	}
	if err := os.Rename(s.path(name+temporary), s.path(name)); err != nil {
		return result, false, err
	}
	if s.Done[name], err = json.Marshal(result); err != nil {
		return result, false, err
	}
	return result, false, s.save()
}

// The steps.
const (
	DatabaseStep = databaseDir
	FilesStep    = filesName
)

// size is the number and the sum of bytes of a backup's parts, by which a restore sees that one is missing.
type size struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

// parts measures what is restored: the files of the database, and the archive.
func (s *State) parts() (all size, err error) {
	for _, name := range []string{databaseDir, filesName} {
		err = errors.Join(err, filepath.WalkDir(s.path(name), func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err == nil {
				all.Count++
				all.Bytes += info.Size()
			}
			return err
		}))
	}
	return all, err
}

// Finish writes the report, and `complete` as the last file.
func (s *State) Finish(site, report string, taken time.Time) error {
	if err := s.replace(reportName, []byte(report)); err != nil {
		return err
	}
	parts, err := s.parts()
	if err != nil {
		return err
	}
	text, err := json.Marshal(struct {
		Site  string `json:"site"`
		Taken string `json:"taken"`
		From  string `json:"from"`
		Parts size   `json:"parts"`
	}{site, taken.UTC().Format(time.RFC3339), "movein", parts})
	if err != nil {
		return err
	}
	if err := s.replace(completeName, append(text, '\n')); err != nil {
		return err
	}
	if err := os.Remove(s.path(stateName)); err != nil {
		return fmt.Errorf("the backup is complete, but %w", err)
	}
	return nil
}
