package shell

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// grep selects lines; its exit code is 0 if there is one, else 1.
func grep(c *call) int {
	if len(c.operands) == 0 {
		return 2
	}
	pattern, names := c.operands[0], c.operands[1:]
	if !c.has('E') {
		pattern = basicRegexp(pattern)
	}
	expression, err := regexp.Compile(pattern)
	if err != nil {
		return 2
	}
	var text []byte
	for _, name := range names {
		content, err := c.process.Files.Read(c.absolute(name))
		if err != nil {
			return 2
		}
		text = append(text, content...)
	}
	if len(names) == 0 && c.in != nil {
		if text, err = io.ReadAll(c.in); err != nil {
			return 2
		}
	}
	code := 1
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if expression.MatchString(line) == c.has('v') {
			continue
		}
		code = 0
		selected := []string{line}
		if c.has('o') {
			selected = expression.FindAllString(line, -1)
		}
		for _, s := range selected {
			if !c.has('q') {
				fmt.Fprintln(c.out, s)
			}
		}
	}
	return code
}

// basicRegexp converts a POSIX basic regular expression, in which + ? ( ) { } | are special only after a backslash.
func basicRegexp(pattern string) string {
	var out strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch b := pattern[i]; {
		case b == '\\' && i+1 < len(pattern):
			i++
			if strings.IndexByte("+?(){}|", pattern[i]) < 0 {
				out.WriteByte('\\')
			}
			out.WriteByte(pattern[i])
		case strings.IndexByte("+?(){}|", b) >= 0:
			out.WriteByte('\\')
			out.WriteByte(b)
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}
