package report

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// Progress is a line on a terminal, or a line every ten seconds elsewhere.
type Progress struct {
	step  string
	total int64
	done  atomic.Int64
	mutex sync.Mutex
	table string
	rows  int64
	began time.Time
	stop  context.CancelFunc
	ended chan struct{}
}

// Start shows the progress of a step that reads total bytes, or an unknown number if total is 0.
func Start(out *os.File, step string, total int64) *Progress {
	ctx, stop := context.WithCancel(context.Background())
	p := &Progress{step: step, total: total, began: time.Now(), stop: stop, ended: make(chan struct{})}
	terminal := term.IsTerminal(int(out.Fd()))
	every := 10 * time.Second
	if terminal {
		every = 500 * time.Millisecond
	}
	go func() {
		defer close(p.ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				p.show(out, terminal)
				if terminal {
					fmt.Fprintln(out)
				}
				return
			case <-ticker.C:
				p.show(out, terminal)
			}
		}
	}()
	return p
}

// Add counts bytes of the input.
func (p *Progress) Add(bytes int64) { p.done.Add(bytes) }

// At says which table is being read.
func (p *Progress) At(table string, rows int64, _ int64) {
	if rows%1024 != 1 && rows != 0 {
		return
	}
	p.mutex.Lock()
	p.table, p.rows = table, rows
	p.mutex.Unlock()
}

// Stop ends the line.
func (p *Progress) Stop() {
	p.stop()
	<-p.ended
}

func (p *Progress) show(out io.Writer, terminal bool) {
	line := p.line(time.Since(p.began))
	if terminal {
		fmt.Fprint(out, "\r"+line+"\x1b[K")
	} else {
		fmt.Fprintln(out, line)
	}
}

func (p *Progress) line(elapsed time.Duration) string {
	done := p.done.Load()
	parts := []string{p.step + ":", Size(done)}
	if p.total > 0 {
		share := min(float64(done)/float64(p.total), 1)
		parts = append(parts, fmt.Sprintf("of %s, %.0f %%", Size(p.total), 100*share))
		if left := time.Duration(float64(elapsed) * (1 - share) / max(share, 1e-9)); share > 0.01 && share < 1 {
			parts = append(parts, "about "+left.Round(time.Second).String()+" left")
		}
	}
	p.mutex.Lock()
	if p.table != "" {
		parts = append(parts, fmt.Sprintf("(%s, %d rows)", p.table, p.rows))
	}
	p.mutex.Unlock()
	return strings.Join(parts, " ")
}

// Size is a number of bytes for people.
func Size(bytes int64) string {
	switch {
	case bytes < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	case bytes < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.2f GiB", float64(bytes)/(1<<30))
}
