package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"geo-wordpress/localcloud/home"
)

// Record describes a daemon that is ready, in a file that only its owner can read.
type Record struct {
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Version string    `json:"version"`
	// Build identifies the build of the program.
	Build string `json:"build"`
	// Providers is each provider server's port, by package name.
	Providers map[string]int `json:"providers"`
	// Control is the control server's host:port; its clients must send Token.
	Control string `json:"control"`
	Token   string `json:"token"`
}

// ErrNotRunning means that no daemon runs on a home.
var ErrNotRunning = errors.New("no local cloud is running")

// Find returns the record of the daemon that runs on a home; the error is ErrNotRunning when none does.
func Find(h home.Home) (Record, error) {
	holder, err := h.Holder()
	if err != nil {
		return Record{}, err
	}
	if holder == 0 {
		return Record{}, fmt.Errorf("%w on %s: start it with `localcloud start`", ErrNotRunning, h)
	}
	content, err := os.ReadFile(h.Record())
	if errors.Is(err, os.ErrNotExist) {
		return Record{}, fmt.Errorf("the local cloud on %s is starting or stopping: try again", h)
	}
	if err != nil {
		return Record{}, err
	}
	var r Record
	if err := json.Unmarshal(content, &r); err != nil {
		return Record{}, fmt.Errorf("%s: %w", h.Record(), err)
	}
	if r.PID != holder {
		return Record{}, fmt.Errorf("the local cloud on %s is starting: try again", h)
	}
	return r, nil
}
