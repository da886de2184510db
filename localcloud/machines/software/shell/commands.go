package shell

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// call is one command that a script runs.
type call struct {
	*runner
	setting
	ctx      context.Context
	options  map[byte]string // the values of the options given, empty for a switch
	operands []string
}

// command is the model of a command.
type command struct {
	options string // its options, as getopt(3) takes them
	run     func(*call) int
	long    map[string]byte // its long options, by the letter in options that stands for them here
}

// commands are those that the program's scripts use, with the options that they use. Every other command is not found,
// and every other option is an error: neither may seem to work.
var commands map[string]command

func init() {
	nothing := func(*call) int { return 0 } // the files have no owners and modes
	commands = map[string]command{
		"awk":   {"v:", awk, nil},
		"cat":   {"", concatenate, nil},
		"chmod": {"R", nothing, nil},
		"chown": {"R", nothing, nil},
		"cp":    {"Rrf", copyFiles, nil},
		"curl": {"fsSm:X:H:d:o:B1C:E:K:w:", curl, map[string]byte{
			"fail-with-body": 'B', "http1.1": '1', "cacert": 'C', "cert": 'E', "key": 'K'}},
		"date":   {"ud:", date, nil},
		"df":     {"Pk", diskFree, nil},
		"du":     {"sk", diskUsage, nil},
		"find":   {"", find, nil},
		"grep":   {"Eoqv", grep, nil},
		"mkdir":  {"p", makeDirectories, nil},
		"mktemp": {"d", makeTemporary, nil},
		"mv":     {"T", move, nil},
		"nc":     {"w:", netcat, nil},
		"php":    {"r:", php, nil},
		"rm":     {"rf", remove, nil},
		"sleep":  {"", sleepCommand, nil},
		"tail":   {"n:", tail, nil},
		"touch":  {"c", touch, nil},
		"wc":     {"l", countLines, nil},
		"wget":   {"qSO:T:p:", wget, map[string]byte{"post-data": 'p'}},
	}
	programs = map[string]func(*call) int{
		"dumpling": dumpling, "rclone": rclone, "tar": archive, "tidb-lightning": lightning,
	}
}

// programs parse their arguments themselves: in a call, all of them are operands. Except for tar, a container has only
// those of its image, and copies of them.
var programs map[string]func(*call) int

// parse separates a command's options from its operands. A letter in accepted that a colon follows takes a value.
func parse(args []string, accepted string, long map[string]byte) (options map[byte]string, operands []string, err error) {
	options = map[byte]string{}
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		letters := args[0][1:]
		args = args[1:]
		if letters == "-" {
			break
		}
		if letter, ok := long[strings.TrimPrefix(letters, "-")]; ok && letters[0] == '-' {
			letters = string(letter)
		}
		for letters != "" {
			letter := letters[0]
			letters = letters[1:]
			at := strings.IndexByte(accepted, letter)
			if at < 0 || letter == ':' {
				return nil, nil, fmt.Errorf("option -%c: the model has no such option", letter)
			}
			options[letter] = ""
			if strings.HasPrefix(accepted[at+1:], ":") {
				if letters == "" {
					if len(args) == 0 {
						return nil, nil, fmt.Errorf("option -%c: requires an argument", letter)
					}
					letters, args = args[0], args[1:]
				}
				options[letter], letters = letters, ""
			}
		}
	}
	return options, args, nil
}

func (c *call) has(letter byte) bool {
	_, given := c.options[letter]
	return given
}

// sleepPaced sleeps at the container's pace.
func (c *call) sleepPaced(d time.Duration) error { return c.sleep(c.ctx, c.process.Pace.Of(d)) }

// seconds parses a duration in seconds.
func seconds(text string) (time.Duration, error) {
	n, err := strconv.ParseFloat(text, 64)
	return time.Duration(n * float64(time.Second)), err
}

func sleepCommand(c *call) int {
	if len(c.operands) != 1 {
		return 1
	}
	d, err := seconds(c.operands[0])
	if err != nil {
		return 1
	}
	if c.sleepPaced(d) != nil {
		return 143
	}
	return 0
}
