package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"geo-wordpress/tools/movein/backup"
	"geo-wordpress/tools/movein/content"
	"geo-wordpress/tools/movein/dump"
	"geo-wordpress/tools/movein/report"
	"geo-wordpress/tools/movein/site"

	"github.com/klauspost/compress/gzip"
)

// run converts the site, or checks it.
func (o *options) run(ctx context.Context, stdout io.Writer, stderr *os.File) error {
	var files *content.Source
	if o.content != "" {
		var err error
		if files, err = content.Open(o.content); err != nil {
			return err
		}
	}
	inputs, taken, err := o.inputs()
	if err != nil {
		return err
	}
	survey, plan, err := o.survey(ctx, stderr)
	if err != nil {
		return err
	}
	if o.check {
		tables, err := o.rewrite(ctx, stderr, plan, backup.Discard{})
		if err != nil {
			return err
		}
		var result *content.Result
		if files != nil {
			if result, err = copyFiles(ctx, stderr, files, nil); err != nil {
				return err
			}
		}
		_, err = io.WriteString(stdout, report.Text(survey, plan, tables, result))
		return err
	}
	state, err := backup.Begin(o.out, inputs)
	if err != nil {
		return err
	}
	tables, again, err := backup.Step(state, backup.DatabaseStep, func(path string) ([]*site.Moved, error) {
		w, err := backup.NewWriter(path)
		if err != nil {
			return nil, err
		}
		moved, err := o.rewrite(ctx, stderr, plan, w)
		if err != nil {
			return nil, err
		}
		return moved, w.Close()
	})
	if err != nil {
		return err
	}
	if again {
		fmt.Fprintln(stderr, "the database is converted already")
	}
	result, again, err := backup.Step(state, backup.FilesStep, func(path string) (*content.Result, error) {
		file, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		result, err := copyFiles(ctx, stderr, files, file)
		if err != nil {
			return nil, err
		}
		return result, file.Sync()
	})
	if err != nil {
		return err
	}
	if again {
		fmt.Fprintln(stderr, "the files are packed already")
	}
	text := report.Text(survey, plan, tables, result)
	if err := state.Finish(plan.URL, text, taken); err != nil {
		return err
	}
	_, err = io.WriteString(stdout, text)
	return err
}

// survey reads the dump, and decides what to do with it.
func (o *options) survey(ctx context.Context, stderr *os.File) (*site.Survey, *site.Plan, error) {
	var survey *site.Survey
	err := o.read(ctx, stderr, "looking at the dump", func(r *dump.Reader, p *report.Progress) (err error) {
		survey, err = site.NewSurvey(r, p)
		return err
	})
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%s is cut off: %w", o.dump, err)
	}
	if err != nil {
		return nil, nil, err
	}
	plan, problems := survey.NewPlan(o.prefix, o.url)
	if len(problems) > 0 {
		return nil, nil, fmt.Errorf("%s cannot be converted, and nothing was written:\n  - %s", o.dump, strings.Join(problems, "\n  - "))
	}
	return survey, plan, nil
}

func (o *options) rewrite(ctx context.Context, stderr *os.File, plan *site.Plan, sink site.Sink) (moved []*site.Moved, err error) {
	err = o.read(ctx, stderr, "converting the dump", func(r *dump.Reader, p *report.Progress) (err error) {
		moved, err = plan.Rewrite(r, sink, p)
		return err
	})
	return moved, err
}

// read opens the dump, and shows the progress of what reads it.
func (o *options) read(ctx context.Context, stderr *os.File, step string, use func(*dump.Reader, *report.Progress) error) error {
	file, err := os.Open(o.dump)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	progress := report.Start(stderr, step, info.Size())
	defer progress.Stop()
	buffered := bufio.NewReaderSize(&input{ctx, file, progress}, 1<<20)
	var r io.Reader = buffered
	if magic, _ := buffered.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("%s: %w", o.dump, err)
		}
		defer unzipped.Close()
		r = unzipped
	}
	return use(dump.NewReader(r), progress)
}

func copyFiles(ctx context.Context, stderr *os.File, files *content.Source, out io.Writer) (*content.Result, error) {
	progress := report.Start(stderr, "reading wp-content", files.Bytes())
	defer progress.Stop()
	files.Counted = progress.Add
	files.Stopped = ctx.Err
	return content.Copy(files, out)
}

// inputs describes what the backup is made of, and when the dump was written.
func (o *options) inputs() (string, time.Time, error) {
	var all []string
	var taken time.Time
	for _, name := range []string{o.dump, o.content} {
		if name == "" {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return "", taken, err
		}
		absolute, err := filepath.Abs(name)
		if err != nil {
			return "", taken, err
		}
		if taken.IsZero() {
			taken = info.ModTime()
		}
		all = append(all, fmt.Sprintf("%s %d %s", absolute, info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano)))
	}
	return strings.Join(append(all, o.url, o.prefix), "\n"), taken, nil
}

// input is a file whose reading is counted, and stops when the context does.
type input struct {
	ctx      context.Context
	file     *os.File
	progress *report.Progress
}

func (i *input) Read(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := i.file.Read(b)
	i.progress.Add(int64(n))
	return n, err
}
