package site

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"geo-wordpress/tools/movein/schema"
)

// Prefix is that of the tables of the declared WordPress.
const Prefix = "wp_"

// Plan is what moves, and how.
type Plan struct {
	Old string // the prefix in the dump
	URL string // the site's address
	// Renamed are the new names of the tables that move.
	Renamed map[string]string
	Tables  []string // their old names, in the dump's order
	LeftOut []string // tables
	// Legacy is the character set from which texts are converted; "" if they are UTF-8.
	Legacy string
	// Exact are columns of unique keys that keep their rows only under a collation that tells everything apart.
	Exact map[string]map[string]bool
	// Stale are keys of usermeta, and names of options, that begin with wp_ and would take the place of renamed ones.
	StaleMeta, StaleOptions map[string]bool
}

// NewPlan decides what moves. An error is one of the user's to solve; the messages name the flag, if there is one.
func (s *Survey) NewPlan(prefix, address string) (*Plan, []string) {
	problems := slices.Clone(s.Problems)
	p := &Plan{Renamed: map[string]string{}, Exact: map[string]map[string]bool{}, StaleMeta: map[string]bool{}, StaleOptions: map[string]bool{}}
	found := s.prefixes()
	switch {
	case prefix != "":
		if p.Old = prefix; !slices.Contains(found, prefix) {
			return nil, append(problems, fmt.Sprintf("no WordPress has the prefix %q in the dump; found: %s", prefix, list(found)))
		}
	case len(found) == 0:
		return nil, append(problems, "it has no WordPress: no prefix with the tables options, posts, postmeta, users and usermeta. Its tables: "+list(s.Order))
	case len(found) > 1:
		return nil, append(problems, "it has several WordPresses, with the prefixes "+list(found)+": choose one with --prefix")
	default:
		p.Old = found[0]
	}
	for _, name := range s.Order {
		if rest, ok := strings.CutPrefix(name, p.Old); ok && (rest == "blogs" || numbered.MatchString(rest)) {
			return nil, append(problems, "it is a multisite (table "+name+"), which this system does not run: export the one site that is to move")
		}
	}
	p.tables(s, found)
	problems = append(problems, p.address(s, address)...)
	p.charset(s)
	p.stale(s)
	for _, name := range p.Tables {
		problems = append(problems, p.rows(s.Tables[name])...)
	}
	return p, problems
}

var numbered = regexp.MustCompile(`^[0-9]+_(options|posts)$`)

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 20 {
		names = append(slices.Clone(names[:20]), fmt.Sprintf("and %d more", len(names)-20))
	}
	return strings.Join(names, ", ")
}

// prefixes returns the prefixes of the WordPresses in the dump. Those of a multisite's sites are left out: its users are
// the main site's.
func (s *Survey) prefixes() []string {
	var found []string
	for _, name := range s.Order {
		prefix, ok := strings.CutSuffix(name, "options")
		if !ok || prefix == "" {
			continue
		}
		complete := true
		for _, table := range []string{"posts", "postmeta", "users", "usermeta"} {
			complete = complete && s.Tables[prefix+table] != nil
		}
		if complete {
			found = append(found, prefix)
		}
	}
	return found
}

// tables chooses the tables that move: those with the prefix, but not those of another WordPress whose prefix is longer.
func (p *Plan) tables(s *Survey, found []string) {
	for _, name := range s.Order {
		rest, ok := strings.CutPrefix(name, p.Old)
		for _, other := range found {
			if len(other) > len(p.Old) && strings.HasPrefix(other, p.Old) && strings.HasPrefix(name, other) {
				ok = false
			}
		}
		if !ok || rest == "" {
			p.LeftOut = append(p.LeftOut, name)
			continue
		}
		p.Tables = append(p.Tables, name)
		p.Renamed[name] = Prefix + rest
	}
}

// address finds the site's URL.
func (p *Plan) address(s *Survey, given string) []string {
	options := s.Tables[p.Old+"options"].Options
	p.URL = given
	if p.URL == "" {
		p.URL = strings.TrimRight(options["home"], "/")
	}
	if p.URL == "" {
		p.URL = strings.TrimRight(options["siteurl"], "/")
	}
	if p.URL == "" {
		return []string{"the table " + p.Old + "options has neither home nor siteurl: give the site's address with --url"}
	}
	if err := CheckURL(p.URL); err != nil {
		return []string{fmt.Sprintf("the site's address in %soptions: %v. Give the right one with --url", p.Old, err)}
	}
	return nil
}

// CheckURL checks a site's address.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q is not like https://example.com", address)
	}
	return nil
}

// charset decides whether a dump that says latin1 holds UTF-8, as of a site that wrote UTF-8 through a latin1 connection.
func (p *Plan) charset(s *Survey) {
	if isUTF8(s.Charset) {
		return
	}
	var valid, legacy int64
	for _, name := range p.Tables {
		valid += s.Tables[name].UTF8
		legacy += s.Tables[name].Legacy
	}
	if legacy > 0 || valid == 0 {
		p.Legacy = s.Charset
	}
}

// stale finds what an earlier prefix left behind. It would take effect again: old roles and an old administrator's rights.
func (p *Plan) stale(s *Survey) {
	if p.Old == Prefix {
		return
	}
	for set, names := range map[*map[string]bool]map[string]bool{&p.StaleOptions: s.Tables[p.Old+"options"].Names, &p.StaleMeta: s.Tables[p.Old+"usermeta"].Names} {
		for name := range names {
			if renamed := p.key(name); renamed != name && names[renamed] {
				(*set)[renamed] = true
			}
		}
	}
}

// key returns the new name of an option, or of a key of usermeta, that contains the prefix.
func (p *Plan) key(name string) string {
	rest, ok := strings.CutPrefix(name, p.Old)
	if !ok || p.Old == Prefix {
		return name
	}
	// A prefix like "s" begins many names.
	if !strings.HasSuffix(p.Old, "_") && !slices.Contains(prefixed, rest) || name == "session_tokens" {
		return name
	}
	return Prefix + rest
}

// What WordPress itself puts the prefix in front of.
var prefixed = []string{"user_roles", "capabilities", "user_level", "user-settings", "user-settings-time",
	"dashboard_quick_press_last_post_id", "media_library_mode", "autosave_draft_ids", "persisted_preferences"}

// rows decides about rows that TiDB would refuse or lose.
func (p *Plan) rows(t *Table) (problems []string) {
	for _, key := range t.Unique {
		if k := t.Collisions[key.Name]; k != nil && k.Count > 0 {
			if p.Exact[t.Name] == nil {
				p.Exact[t.Name] = map[string]bool{}
			}
			for _, part := range key.Parts {
				if t.Columns[part].Kind == schema.Text {
					p.Exact[t.Name][t.Columns[part].Name] = true
				}
			}
		}
	}
	if t.Zero > 0 {
		problems = append(problems, fmt.Sprintf("table %s has %d rows whose automatic number is 0; TiDB would give them other numbers: give them others, or delete them, at the old site", t.Name, t.Zero))
	}
	if len(t.Large) > 0 {
		problems = append(problems, fmt.Sprintf("table %s has rows above TiDB's limit of 6 MiB: delete or shorten them at the old site: %s", t.Name, list(t.Large)))
	}
	return problems
}
