package dump

import (
	"regexp"
	"strings"
)

// Plain returns a statement as the server executes it: without comments, and with the content of conditional ones, or
// without them, too.
func Plain(text string, conditional bool) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			end := quotedEnd(text, i)
			b.WriteString(text[i:end])
			i = end
		case strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i:], "*/")
			if end < 0 {
				return b.String()
			}
			if m := condition.FindString(text[i : i+end]); m != "" && conditional {
				b.WriteString(" " + Plain(text[i+len(m):i+end], true) + " ")
			} else {
				b.WriteByte(' ')
			}
			i += end + 2
		case c == '#' || strings.HasPrefix(text[i:], "-- ") || strings.HasPrefix(text[i:], "--\n"):
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				return b.String()
			}
			i += end
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

var condition = regexp.MustCompile(`^/\*M?![0-9]{0,6}`)

// quotedEnd returns where the quoted text that begins at i ends.
func quotedEnd(text string, i int) int {
	quote := text[i]
	for j := i + 1; j < len(text); j++ {
		switch {
		case text[j] == '\\' && quote != '`':
			j++
		case text[j] == quote && j+1 < len(text) && text[j+1] == quote:
			j++
		case text[j] == quote:
			return j + 1
		}
	}
	return len(text)
}

const name = "(`(?:[^`]|``)+`(?:\\.`(?:[^`]|``)+`)?|[\\w$.]+)"

var (
	createTable = regexp.MustCompile(`(?is)^CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?` + name)
	createView  = regexp.MustCompile(`(?is)^CREATE\s+(?:OR\s+REPLACE\s+)?(?:ALGORITHM\s*=\s*\w+\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:SQL\s+SECURITY\s+\w+\s+)?(VIEW)\s+` + name)
	createOther = regexp.MustCompile(`(?is)^CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:AGGREGATE\s+)?(TRIGGER|PROCEDURE|FUNCTION|EVENT|PACKAGE(?:\s+BODY)?|SEQUENCE)\s+(?:IF\s+NOT\s+EXISTS\s+)?` + name)
	database    = regexp.MustCompile(`(?is)^(?:CREATE\s+DATABASE\s+(?:IF\s+NOT\s+EXISTS\s+)?|USE\s+)` + name)
	alterTable  = regexp.MustCompile(`(?is)^ALTER\s+TABLE\s+` + name + `\s+(.*)$`)
	keys        = regexp.MustCompile(`(?is)^(?:DISABLE|ENABLE)\s+KEYS$`)
	harmless    = regexp.MustCompile(`(?is)^(?:SET|LOCK|UNLOCK|DROP|START|COMMIT|BEGIN|FLUSH|SELECT|ANALYZE|CHANGE|ALTER\s+DATABASE|DO)\b`)
)

// classify returns the statement that a text is.
func classify(text []byte) Statement {
	whole := string(text)
	conditional := condition.MatchString(whole)
	plain := strings.TrimSpace(Plain(whole, true))
	s := Statement{Kind: Unknown, Text: plain}
	if m := createTable.FindStringSubmatch(plain); m != nil {
		s.Kind, s.Name = CreateTable, unquote(m[1])
		if conditional {
			s.Kind = Placeholder
		}
		// Conditional comments inside of it are of features that TiDB lacks: partitions, parsers of keys, compression.
		s.Text = strings.TrimSpace(Plain(whole, false))
	} else if m := createView.FindStringSubmatch(plain); m != nil {
		s.Kind, s.What, s.Name = Program, "view", unquote(m[2])
	} else if m := createOther.FindStringSubmatch(plain); m != nil {
		s.Kind, s.What, s.Name = Program, strings.ToLower(m[1]), unquote(m[2])
	} else if m := database.FindStringSubmatch(plain); m != nil {
		s.Kind, s.Name = Use, unquote(m[1])
	} else if m := alterTable.FindStringSubmatch(plain); m != nil {
		s.Kind, s.Name = Alter, unquote(m[1])
		if keys.MatchString(strings.TrimSpace(m[2])) {
			s.Kind = Other
		}
	} else if harmless.MatchString(plain) {
		s.Kind = Other
	}
	return s
}

// unquote returns a name without quotes and without its database.
func unquote(name string) string {
	if i := strings.Index(name, "`.`"); i >= 0 {
		name = name[i+2:]
	} else if i := strings.LastIndexByte(name, '.'); i >= 0 && name[0] != '`' {
		name = name[i+1:]
	}
	if name[0] == '`' {
		return strings.ReplaceAll(name[1:len(name)-1], "``", "`")
	}
	return name
}
