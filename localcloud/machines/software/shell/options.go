package shell

import (
	"fmt"
	"slices"
	"strings"
)

// arguments are the long options and the operands of a command line.
type arguments struct {
	options  map[string][]string // the values of the options given, empty for a switch
	operands []string
}

// last returns the last value of an option; empty if it is not given.
func (a arguments) last(name string) string {
	if values := a.options[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

func (a arguments) has(name string) bool { return len(a.options[name]) > 0 }

// long parses the options of programs that mix them with operands. valued and switches are the known ones, with the
// dashes left out.
func long(args, valued, switches []string) (a arguments, err error) {
	a.options = map[string][]string{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, assigned := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case !strings.HasPrefix(arg, "-") || arg == "-":
			a.operands = append(a.operands, arg)
			continue
		case slices.Contains(switches, name) && !assigned:
		case !slices.Contains(valued, name):
			return a, fmt.Errorf("option %s: the model has no such option", arg)
		case !assigned && len(args) == 0:
			return a, fmt.Errorf("option %s: requires an argument", arg)
		case !assigned:
			value, args = args[0], args[1:]
		}
		a.options[name] = append(a.options[name], value)
	}
	return a, nil
}
