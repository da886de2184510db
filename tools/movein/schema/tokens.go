package schema

import (
	"fmt"
	"strings"
)

// token is a word, a quoted text, or a single other character, and the white space in front of it.
type token struct{ space, text string }

func (t token) is(words ...string) bool {
	for _, w := range words {
		if strings.EqualFold(t.text, w) {
			return true
		}
	}
	return false
}

// tokens splits a statement without comments.
func tokens(text string) []token {
	var all []token
	for i := 0; i < len(text); {
		from := i
		for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
		}
		space := text[from:i]
		if i == len(text) {
			break
		}
		from = i
		switch c := text[i]; {
		case c == '`' || c == '\'' || c == '"':
			for i++; i < len(text); i++ {
				if text[i] == '\\' && c != '`' {
					i++
				} else if text[i] == c {
					if i+1 == len(text) || text[i+1] != c {
						break
					}
					i++
				}
			}
			i = min(i+1, len(text))
		case word(c):
			for i < len(text) && word(text[i]) {
				i++
			}
		default:
			i++
		}
		all = append(all, token{space, text[from:i]})
	}
	return all
}

func word(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func join(list []token) string {
	var b strings.Builder
	for _, t := range list {
		b.WriteString(t.space)
		b.WriteString(t.text)
	}
	return b.String()
}

// split returns the definitions between a table's parentheses, and what follows the latter.
func split(text string) (definitions [][]token, options []token, err error) {
	all := tokens(text)
	depth, from := 0, 0
	for i, t := range all {
		switch t.text {
		case "(":
			if depth++; depth == 1 {
				from = i + 1
			}
		case ")":
			if depth--; depth == 0 {
				return append(definitions, all[from:i]), all[i+1:], nil
			}
		case ",":
			if depth == 1 {
				definitions = append(definitions, all[from:i])
				from = i + 1
			}
		}
	}
	return nil, nil, fmt.Errorf("its definition has no end")
}

// collated removes character sets and collations from a definition and returns them in lower case.
func collated(list []token) (rest []token, charset, collation string) {
	depth := 0
	for i := 0; i < len(list); i++ {
		t := list[i]
		switch {
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		}
		skip := 0
		if t.is("CHARSET") {
			skip = 1
		} else if t.is("CHARACTER") && i+1 < len(list) && list[i+1].is("SET") {
			skip = 2
		} else if t.is("COLLATE") {
			skip = 1
		}
		if skip > 0 && i+skip < len(list) && list[i+skip].text == "=" {
			skip++
		}
		if skip == 0 || i+skip >= len(list) {
			rest = append(rest, t)
			continue
		}
		name := strings.ToLower(strings.Trim(list[i+skip].text, "'\"`"))
		if depth == 0 { // else it is inside of an expression
			if t.is("COLLATE") {
				collation = name
			} else {
				charset = name
			}
		}
		i += skip
	}
	return rest, charset, collation
}
