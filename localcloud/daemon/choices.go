package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"geo-wordpress/localcloud/home"
)

// Choices are the start options that the home's next daemon keeps unless told otherwise.
type Choices struct {
	RealWordPress bool `json:"realWordPress"`
}

// LastChoices returns the choices of the daemon that runs, or last ran, on a home.
func LastChoices(h home.Home) (Choices, error) {
	var c Choices
	content, err := os.ReadFile(h.Choices())
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &c)
	}
	if err != nil {
		return c, fmt.Errorf("what the local cloud was last started with: %s: %w; without the file it is nothing", h.Choices(), err)
	}
	return c, nil
}
