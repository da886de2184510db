package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/home"
)

const daemonLog = "localcloud"

func logsCommand(o *options) *cobra.Command {
	var follow bool
	var lines int
	command := &cobra.Command{
		Use:   "logs [COMPONENT | CLUSTER/COMPONENT]",
		Short: "Show the log of the daemon or of a control plane component",
		Long: `Show the log of the daemon, or of a control plane component: in one cluster (europe-west1/kube-apiserver) or in all
(kube-apiserver).`,
		Example: `  localcloud logs -f
  localcloud logs kube-scheduler`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, arguments []string) error {
			which := daemonLog
			if len(arguments) == 1 {
				which = arguments[0]
			}
			files, err := findLogs(o.home, which)
			if err != nil {
				return err
			}
			return show(c.Context(), c.OutOrStdout(), files, lines, follow)
		},
	}
	command.Flags().BoolVarP(&follow, "follow", "f", false, "keep printing new lines until you press Ctrl-C")
	command.Flags().IntVarP(&lines, "lines", "n", 100, "number of last lines to show")
	return command
}

// logFile is a log file. The prefix precedes its lines if several files are shown together.
type logFile struct {
	path, prefix string
	offset       int64
}

func findLogs(h home.Home, which string) ([]*logFile, error) {
	if which == daemonLog {
		if _, err := os.Stat(h.Log()); err != nil {
			return nil, fmt.Errorf("there is no log in %s: no local cloud has run here; `localcloud start` starts one", h)
		}
		return []*logFile{{path: h.Log()}}, nil
	}
	cluster, component, both := strings.Cut(which, "/")
	if !both {
		cluster, component = "", which
	}
	paths, err := filepath.Glob(filepath.Join(h.Clusters(), "*", "log", "*.log"))
	if err != nil {
		return nil, err
	}
	var files []*logFile
	known := []string{daemonLog}
	for _, path := range paths {
		dir := filepath.Base(filepath.Dir(filepath.Dir(path)))
		name := dir[strings.LastIndexByte(dir, '_')+1:] // project_location_name
		log := strings.TrimSuffix(filepath.Base(path), ".log")
		known = append(known, log, name+"/"+log)
		if log == component && (!both || name == cluster || dir == cluster) {
			files = append(files, &logFile{path: path, prefix: name + ": "})
		}
	}
	if len(files) == 0 {
		slices.Sort(known)
		return nil, fmt.Errorf("there is no log of %q: choose one of %s", which, strings.Join(slices.Compact(known), ", "))
	}
	if len(files) == 1 {
		files[0].prefix = ""
	}
	return files, nil
}

func show(ctx context.Context, out io.Writer, files []*logFile, lines int, follow bool) error {
	for _, f := range files {
		text, err := home.Tail(f.path, lines)
		if err != nil {
			return err
		}
		if info, err := os.Stat(f.path); err == nil {
			f.offset = info.Size()
		}
		if err := f.print(out, text); err != nil {
			return err
		}
	}
	for follow {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
		for _, f := range files {
			if err := f.more(out); err != nil {
				return err
			}
		}
	}
	return nil
}

// more prints the complete lines added since the last call.
func (f *logFile) more(out io.Writer) error {
	file, err := os.Open(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // The log is being rotated.
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() < f.offset {
		f.offset = 0 // The log was rotated.
	}
	added, err := io.ReadAll(io.NewSectionReader(file, f.offset, 1<<20))
	if err != nil {
		return err
	}
	end := bytes.LastIndexByte(added, '\n') + 1
	f.offset += int64(end)
	return f.print(out, string(added[:end]))
}

func (f *logFile) print(out io.Writer, text string) error {
	for line := range strings.Lines(text) {
		if _, err := io.WriteString(out, f.prefix+line); err != nil {
			return err
		}
	}
	return nil
}
