package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// watchInterval is the time between two reads of a watched status.
const watchInterval = time.Second

// Control sequences for a terminal (ECMA-48): switch to the alternate screen and hide the cursor; undo both; move to
// the upper left corner; clear the rest of the line; clear the rest of the screen.
const (
	screenEnter = "\x1b[?1049h\x1b[?25l"
	screenLeave = "\x1b[?25h\x1b[?1049l"
	screenHome  = "\x1b[H"
	clearLine   = "\x1b[K"
	clearRest   = "\x1b[J"
)

// watchStatus shows the status until the context ends: in place on a terminal; elsewhere one status after another,
// without control sequences.
func watchStatus(ctx context.Context, o *options, out io.Writer) error {
	file, _ := out.(*os.File)
	terminal := file != nil && term.IsTerminal(int(file.Fd()))
	if terminal {
		fmt.Fprint(out, screenEnter)
		defer fmt.Fprint(out, screenLeave)
	}
	for {
		s, err := o.status(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var text string
		if err == nil {
			text = statusText(o.home, s)
		} else { // the daemon may be restarting
			text = err.Error() + "\n"
		}
		if terminal {
			width, height, err := term.GetSize(int(file.Fd()))
			if err != nil {
				return err
			}
			text = screenHome + fit(text, width, height) + clearRest
		} else {
			text = time.Now().Format(time.DateTime) + "\n" + text + "\n"
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchInterval):
		}
	}
}

// fit cuts a text to a screen, so that nothing scrolls.
func fit(text string, width, height int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > height && height > 0 {
		lines = append(lines[:height-1], fmt.Sprintf("(%d more lines)", len(lines)-height+1))
	}
	for i, line := range lines {
		if runes := []rune(line); len(runes) > width && width > 0 {
			line = string(runes[:width])
		}
		lines[i] = line + clearLine
	}
	return strings.Join(lines, "\r\n")
}
