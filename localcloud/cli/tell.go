package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
)

// teller reports the daemon's progress to the start command until the daemon is ready. Without a file it does nothing.
type teller struct {
	mutex sync.Mutex
	file  *os.File
}

func (t *teller) tell(line string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.file != nil {
		// The command may have exited; the daemon does not depend on it.
		_, _ = fmt.Fprintln(t.file, strings.ReplaceAll(line, "\n", "; "))
	}
}

// ready reports the end of the start and closes the file.
func (t *teller) ready(problem error) {
	if problem != nil {
		t.tell(sayProblem + problem.Error())
	} else {
		t.tell(sayReady)
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.file != nil {
		_ = t.file.Close()
		t.file = nil
	}
}

// tellingHandler logs each record, and reports the daemon's own from level Info up as progress.
type tellingHandler struct {
	slog.Handler
	teller     *teller
	attributes []slog.Attr
}

func (h *tellingHandler) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= slog.LevelInfo {
		h.tell(record)
	}
	return h.Handler.Handle(ctx, record)
}

func (h *tellingHandler) tell(record slog.Record) {
	line := new(strings.Builder)
	line.WriteString(record.Message)
	add := func(a slog.Attr) bool {
		switch value := a.Value.Resolve().Any().(type) {
		case float64:
			fmt.Fprintf(line, " %s=%.1f", a.Key, value)
		default:
			fmt.Fprintf(line, " %s=%v", a.Key, value)
		}
		return true
	}
	for _, a := range h.attributes {
		if a.Key == "source" {
			return // a library's record
		}
		add(a)
	}
	record.Attrs(add)
	h.teller.tell(line.String())
}

func (h *tellingHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &tellingHandler{
		Handler: h.Handler.WithAttrs(attributes), teller: h.teller,
		attributes: append(h.attributes[:len(h.attributes):len(h.attributes)], attributes...),
	}
}

func (h *tellingHandler) WithGroup(name string) slog.Handler {
	return &tellingHandler{Handler: h.Handler.WithGroup(name), teller: h.teller, attributes: h.attributes}
}
