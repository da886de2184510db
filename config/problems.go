package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
)

// Problem is one mistake in the configuration.
type Problem struct {
	// Key is the full path of the value, such as geo-wordpress:regions[1].zone, as `pulumi config set --path` takes it.
	Key string
	// Value is the configured value, quoted if it is text; empty if there is nothing to show.
	Value string
	// Allowed says what is allowed, or what to do.
	Allowed string
}

// String is the problem on one line.
func (p Problem) String() string {
	key := p.Key
	if quoted := strconv.Quote(key); len(quoted) != len(key)+2 {
		key = quoted // an unknown key may hold anything
	}
	if p.Value == "" {
		return key + ": " + p.Allowed
	}
	return key + ": " + p.Value + ": " + p.Allowed
}

// Problems is every mistake of a configuration, sorted by key: the error of Load.
type Problems []Problem

// Error lists the problems, each on its own line.
func (ps Problems) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration has %s, and nothing was changed:", count(len(ps), "mistake"))
	for _, p := range ps {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// shown bounds how much of a value an error repeats.
const shown = 120

// quoted renders a value for an error, on one line and cut to a bounded length.
func quoted(text string) string {
	if len(text) > shown {
		return fmt.Sprintf("%.*q... (%d bytes)", shown, text, len(text))
	}
	return fmt.Sprintf("%q", text)
}

// count is "1 node", "3 nodes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// nearest is the candidate most similar to a word, or empty if none is similar enough.
func nearest(word string, candidates []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, candidate := range candidates {
		d := levenshtein.Distance(strings.ToLower(word), strings.ToLower(candidate), nil)
		if d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// suggestion is a clause for the end of an error, empty if no candidate is similar to the word.
func suggestion(word string, candidates []string) string {
	if best := nearest(word, candidates); best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	return ""
}
