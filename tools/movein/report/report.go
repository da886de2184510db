package report

import (
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/tools/movein/content"
	"geo-wordpress/tools/movein/schema"
	"geo-wordpress/tools/movein/site"
)

// Text returns the report. files is nil if no wp-content was read.
func Text(s *site.Survey, p *site.Plan, tables []*site.Moved, files *content.Result) string {
	r := &report{}
	r.section("The site")
	r.line("address: %s", p.URL)
	options := s.Tables[p.Old+"options"].Options
	if home := strings.TrimRight(options["home"], "/"); home != "" && home != p.URL {
		r.line("the option home is %s: links to it in posts stay as they are", home)
	}
	r.line("dumped by: %s", orNone(s.Tool))
	r.line("prefix of its tables: %s%s", p.Old, map[bool]string{true: ", now " + site.Prefix}[p.Old != site.Prefix])
	r.line("theme: %s; version of its tables: %s", orNone(options["stylesheet"]), orNone(options["db_version"]))

	r.section("Tables")
	for _, t := range tables {
		r.line("%-40s %10d rows", t.Name, t.Rows)
	}
	r.section("Changed")
	r.changed(p, tables)
	r.section("Left out")
	r.leftOut(s, p, tables, files)
	r.section("To look at")
	r.lookAt(s, p, tables)
	if files != nil {
		r.files(files)
	}
	return r.String()
}

type report struct {
	strings.Builder
	title string
	said  bool
}

// section begins a section, which appears with its first line.
func (r *report) section(title string) { r.title, r.said = title, false }

func (r *report) line(format string, args ...any) {
	if !r.said {
		if r.Len() > 0 {
			r.WriteByte('\n')
		}
		r.WriteString(r.title + "\n")
		r.said = true
	}
	fmt.Fprintf(r, "  "+format+"\n", args...)
}

func orNone(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func (r *report) changed(p *site.Plan, tables []*site.Moved) {
	mapped := map[string][]string{}
	engines := map[string][]string{}
	for _, t := range tables {
		for _, m := range t.Mapped {
			mapped[m] = append(mapped[m], t.Name)
		}
		if t.Engine != "" && !strings.EqualFold(t.Engine, "InnoDB") {
			engines[t.Engine] = append(engines[t.Engine], t.Name)
		}
	}
	for _, m := range sorted(mapped) {
		r.line("collation or character set %s: %s", m, few(mapped[m]))
	}
	for _, e := range sorted(engines) {
		r.line("engine %s to TiDB's: %s", e, few(engines[e]))
	}
	for _, t := range tables {
		for _, c := range t.Changed {
			r.line("%s: %s", t.Name, c)
		}
		if len(t.Exact) > 0 {
			r.line("%s: the collation of %s is %s. Under %s, values of a unique key would be equal. Upper and lower case differ there now",
				t.Name, few(t.Exact), schema.Exact, schema.Collation)
		}
		for _, renamed := range t.Renamed {
			r.line("%s: %s", t.Name, renamed)
		}
		if t.Legacy > 0 {
			r.line("%s: %d texts from %s to UTF-8", t.Name, t.Legacy, p.Legacy)
		}
	}
}

func (r *report) leftOut(s *site.Survey, p *site.Plan, tables []*site.Moved, files *content.Result) {
	for _, name := range p.LeftOut {
		r.line("table %s, %d rows: it has not the site's prefix", name, s.Tables[name].Rows)
	}
	for _, program := range s.Programs {
		r.line("%s: TiDB has no triggers, procedures and events; views are not part of a backup", program)
	}
	for _, t := range tables {
		for _, d := range t.Dropped {
			r.line("%s: %s", t.Name, d)
		}
		if t.Stale > 0 {
			r.line("%s: %d rows whose names begin with %s, of an earlier prefix: they would take the place of the renamed ones", t.Name, t.Stale, site.Prefix)
		}
	}
	if files == nil {
		return
	}
	for _, l := range files.Left {
		r.line("wp-content/%s (%d files, %s): %s", l.Path, l.Files, Size(l.Size), l.Why)
	}
}

func (r *report) lookAt(s *site.Survey, p *site.Plan, tables []*site.Moved) {
	if s.Charset != "utf8mb4" && p.Legacy == "" {
		r.line("the dump says %s, but its texts are UTF-8, as of a site that wrote UTF-8 through a %s connection: they were taken as UTF-8. Look at posts with accents", s.Charset, s.Charset)
	}
	for _, t := range tables {
		source := s.Tables[t.From]
		if p.Legacy != "" && source.UTF8 > 0 {
			r.line("%s: %d texts with accents are UTF-8 already and stay as they are; %d are %s", t.Name, source.UTF8, source.Legacy, p.Legacy)
		}
		if source.Twice > 0 {
			r.line("%s: %d texts look as if they had been encoded twice (\"Ã¼\" for \"ü\"). If the old site shows them right, dump it again with --default-character-set=latin1", t.Name, source.Twice)
		}
		if t.Replaced > 0 {
			r.line("%s: %d texts have bytes that are in no character set; these are U+FFFD now", t.Name, t.Replaced)
		}
		r.collisions(source, t.Name)
	}
	options := s.Tables[p.Old+"options"].Options
	for _, option := range []string{"upload_path", "upload_url_path"} {
		if value := options[option]; value != "" && value != "wp-content/uploads" {
			r.line("the option %s is %q: uploads must be in wp-content/uploads here; empty the option", option, value)
		}
	}
	if siteurl := strings.TrimRight(options["siteurl"], "/"); siteurl != "" && siteurl != p.URL {
		r.line("WordPress's own address was %s: here it is the site's, so pages link to /wp-admin", siteurl)
	}
}

// collisions names values that differ, and that the new collation takes for equal.
func (r *report) collisions(t *site.Table, name string) {
	for _, key := range sorted(t.Collisions) {
		k := t.Collisions[key]
		if k.Count > 0 {
			r.line("%s, %s: values that equal others but for accents, case or rare characters: %d, like %q", name, key, k.Count, k.Examples)
		}
		if k.Full {
			r.line("%s, %s: too many values to compare all of them; the last ones were not", name, key)
		}
	}
}

func (r *report) files(files *content.Result) {
	for _, c := range files.Config {
		r.line("wp-config.php: %s", c)
	}
	if len(files.Plugins) > 0 {
		r.line("wp-content/mu-plugins do not run here, because the program's own are elsewhere; install what you need as plugins: %s", few(files.Plugins))
	}
	type found struct{ plugin, what string }
	places := map[found][]string{}
	var order []found
	for _, f := range files.Findings {
		key := found{f.Plugin, f.What}
		if places[key] == nil {
			order = append(order, key)
		}
		places[key] = append(places[key], f.Where)
	}
	for _, key := range order {
		r.line("%s: %s: %s", key.plugin, key.what, few(places[key]))
	}
	r.section("Files")
	r.line("%d files, %s", files.Files, Size(files.Size))
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func few(names []string) string {
	if len(names) > 8 {
		return strings.Join(names[:8], ", ") + fmt.Sprintf(" and %d more", len(names)-8)
	}
	return strings.Join(names, ", ")
}
