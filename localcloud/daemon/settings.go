package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"geo-wordpress/localcloud/home"
)

// Settings are the start options that the home's next daemon keeps unless told otherwise.
type Settings struct {
	RealWordPress bool `json:"realWordPress"`
}

// LastSettings returns the settings of the daemon that runs, or last ran, on a home.
func LastSettings(h home.Home) (s Settings, err error) {
	err = readJSON(h.Settings(), &s, "the settings of the last start")
	return s, err
}

// readJSON reads a file of the home. A file that does not exist changes nothing.
func readJSON(path string, into any, what string) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		return fmt.Errorf("%s, in %s, cannot be read: %w: remove the file to start without them", what, path, err)
	}
	return nil
}
