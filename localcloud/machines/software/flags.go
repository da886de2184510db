package software

import "strings"

// Flags maps the names of a command line's options, without dashes, to their values in order. A switch has "true".
type Flags map[string][]string

// ParseFlags reads options in the forms --name=value, -name=value and --name value.
func ParseFlags(args []string) Flags {
	f := Flags{}
	for i := 0; i < len(args); i++ {
		name, dashed := strings.CutPrefix(args[i], "-")
		if !dashed {
			continue
		}
		name = strings.TrimPrefix(name, "-")
		name, value, assigned := strings.Cut(name, "=")
		if !assigned {
			value = "true"
			if i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++
				value = args[i]
			}
		}
		f[name] = append(f[name], value)
	}
	return f
}

// Last returns the last value of the first of the names that is given, or fallback.
func (f Flags) Last(fallback string, names ...string) string {
	for _, name := range names {
		if values := f[name]; len(values) > 0 {
			return values[len(values)-1]
		}
	}
	return fallback
}
