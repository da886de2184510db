package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
)

// The last line of a daemon's progress report: progressReady, or progressProblem followed by the problem.
const (
	progressReady   = "ready"
	progressProblem = "problem: "
)

// progress reports a daemon's progress to the start command until the daemon is ready. Without a file it does nothing.
type progress struct {
	mutex sync.Mutex
	file  *os.File
}

func (p *progress) report(line string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.file != nil {
		// The command may have exited; the daemon does not depend on it.
		_, _ = fmt.Fprintln(p.file, strings.ReplaceAll(line, "\n", "; "))
	}
}

// ready reports that the daemon is ready and closes the file.
func (p *progress) ready(problem error) {
	if problem != nil {
		p.report(progressProblem + problem.Error())
	} else {
		p.report(progressReady)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.file != nil {
		_ = p.file.Close()
		p.file = nil
	}
}

// progressHandler logs each record, and reports it as progress from level Info up.
type progressHandler struct {
	slog.Handler
	progress   *progress
	attributes []slog.Attr
}

func (h *progressHandler) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= slog.LevelInfo {
		line := new(strings.Builder)
		line.WriteString(record.Message)
		add := func(a slog.Attr) bool {
			format := " %s=%v"
			if a.Value.Kind() == slog.KindFloat64 {
				format = " %s=%.1f"
			}
			fmt.Fprintf(line, format, a.Key, a.Value.Resolve().Any())
			return true
		}
		for _, a := range h.attributes {
			add(a)
		}
		record.Attrs(add)
		h.progress.report(line.String())
	}
	return h.Handler.Handle(ctx, record)
}

func (h *progressHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &progressHandler{
		Handler: h.Handler.WithAttrs(attributes), progress: h.progress,
		attributes: append(h.attributes[:len(h.attributes):len(h.attributes)], attributes...),
	}
}
