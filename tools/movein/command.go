package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"geo-wordpress/tools/movein/backup"
	"geo-wordpress/tools/movein/site"

	"github.com/spf13/cobra"
)

// options are the command's flags.
type options struct {
	dump, content, out, url, prefix string
	check                           bool
}

// usageError is every mistake in the arguments.
type usageError []string

func (e usageError) Error() string { return "movein: " + strings.Join(e, "\nmovein: ") }

const long = `movein converts a WordPress site on MySQL or MariaDB into a backup that this system restores.

It reads the site's dump (of mysqldump or mariadb-dump, plain or .gz) and its wp-content (a directory, a .tar or a
.tar.gz), and writes a directory. Upload this to a bucket, and name it in the configuration key restore: docs/moving-in.md
has the whole way. It changes neither the site nor a cluster.

The dump is read twice. Nothing is written before the first time has ended: a dump that is cut off, a multisite, or a site
whose prefix or address is not found is refused. An interrupted conversion is started again with the same arguments; it
keeps the parts that are finished. The report is printed and is in the backup, too (report.txt).

Exit codes: 0 done, 1 failed or refused, 2 wrong arguments.`

const examples = `  mysqldump --single-transaction --no-tablespaces --default-character-set=utf8mb4 DATABASE | gzip > site.sql.gz
  movein --dump site.sql.gz --content wp-content.tar.gz --check
  movein --dump site.sql.gz --content wp-content.tar.gz --out my-site
  gcloud storage cp -r my-site gs://BUCKET/`

func newCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:           "movein --dump FILE --content DIRECTORY|ARCHIVE --out DIRECTORY",
		Short:         "Convert a WordPress site into a backup that this system restores",
		Long:          long,
		Example:       examples,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, args []string) error {
			if wrong := o.mistakes(args); len(wrong) > 0 {
				return usageError(wrong)
			}
			return o.run(c.Context(), os.Stdout, os.Stderr)
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err.Error()} })
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.dump, "dump", "", "the dump, of the one database that the site uses")
	f.StringVar(&o.content, "content", "", "the site's wp-content; an archive may have the whole site in it")
	f.StringVar(&o.out, "out", "", "the backup: a directory that does not exist or is empty")
	f.StringVar(&o.url, "url", "", "the site's address, like https://example.com (default: the option home in the dump)")
	f.StringVar(&o.prefix, "prefix", "auto", "the prefix of the site's tables, if the dump has several WordPresses")
	f.BoolVar(&o.check, "check", false, "only read, and print the report (--content is optional)")
	return c
}

var prefixForm = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// mistakes returns all mistakes in the arguments.
func (o *options) mistakes(args []string) (wrong []string) {
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if len(args) > 0 {
		add("it takes only flags, not %q", args)
	}
	if o.dump == "" {
		add("--dump is missing: the site's dump, plain or .gz")
	} else if info, err := os.Stat(o.dump); err != nil {
		add("--dump: %v", err)
	} else if !info.Mode().IsRegular() {
		add("--dump %s is not a file: the dump is read twice", o.dump)
	} else if kind := foreign(o.dump); kind != "" {
		add("--dump %s is a %s: give a plain or a .gz file", o.dump, kind)
	}
	if o.content == "" && !o.check {
		add("--content is missing: the site's wp-content, a directory, a .tar or a .tar.gz")
	} else if o.content != "" {
		if _, err := os.Stat(o.content); err != nil {
			add("--content: %v", err)
		} else if kind := foreign(o.content); kind != "" {
			add("--content %s is a %s: unpack it, and give the directory", o.content, kind)
		}
	}
	wrong = append(wrong, o.outMistakes()...)
	o.url = strings.TrimRight(o.url, "/")
	if o.url != "" {
		if err := site.CheckURL(o.url); err != nil {
			add("--url: %v", err)
		}
	}
	if o.prefix == "auto" {
		o.prefix = ""
	} else if !prefixForm.MatchString(o.prefix) {
		add("--prefix %q: a prefix has letters, digits and underscores", o.prefix)
	}
	return wrong
}

func (o *options) outMistakes() []string {
	if o.check {
		return nil
	}
	if o.out == "" {
		return []string{"--out is missing: the directory of the backup"}
	}
	if backup.Complete(o.out) {
		return []string{fmt.Sprintf("--out %s is a complete backup already: choose another directory", o.out)}
	}
	if ours, err := backup.Ours(o.out); err != nil {
		return []string{fmt.Sprintf("--out: %v", err)}
	} else if !ours {
		return []string{fmt.Sprintf("--out %s is not empty: choose another directory", o.out)}
	}
	content, err := filepath.Abs(o.content)
	out, err2 := filepath.Abs(o.out)
	if err == nil && err2 == nil && o.content != "" && strings.HasPrefix(out+"/", content+"/") {
		return []string{fmt.Sprintf("--out %s is inside of --content", o.out)}
	}
	return nil
}

// foreign returns what a file is if its first bytes are those of a form that movein does not read.
func foreign(name string) string {
	file, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	magic := make([]byte, 6)
	n, _ := file.Read(magic)
	for prefix, kind := range map[string]string{"PK\x03\x04": "zip", "BZh": "bzip2", "\xfd7zXZ": "xz", "\x28\xb5\x2f\xfd": "zstd", "7z\xbc\xaf": "7z", "Rar!": "rar"} {
		if strings.HasPrefix(string(magic[:n]), prefix) {
			return kind + " archive"
		}
	}
	return ""
}
