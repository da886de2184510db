package shell

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"
)

// diskKiB is the size of every disk of the model, as df prints it. Nothing fills it.
const diskKiB = 10 << 20

// diskUsage prints the size of each operand in KiB, as du -sk does.
func diskUsage(c *call) int {
	if !c.has('s') || !c.has('k') {
		return 1
	}
	for _, name := range c.operands {
		if !c.process.Files.Exists(c.absolute(name)) {
			return 1
		}
		fmt.Fprintf(c.out, "%d\t%s\n", c.size(c.absolute(name)), name)
	}
	return 0
}

// size is the size of a file or tree in KiB, each file rounded up.
func (c *call) size(name string) (kib int) {
	v, inside, _ := c.process.Files.Locate(name)
	if dir, _ := v.Has(inside); !dir {
		content, _ := v.Read(inside)
		return (len(content) + 1023) / 1024
	}
	for _, child := range v.List(inside) {
		kib += c.size(path.Join(name, child))
	}
	return kib
}

// diskFree prints the disk of a file, as df -Pk does.
func diskFree(c *call) int {
	if len(c.operands) != 1 || !c.has('P') || !c.has('k') || !c.process.Files.Exists(c.absolute(c.operands[0])) {
		return 1
	}
	name := c.absolute(c.operands[0])
	used := c.size(name)
	fmt.Fprintf(c.out, "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sdb %d %d %d %d%% %s\n",
		diskKiB, used, diskKiB-used, 100*used/diskKiB, name)
	return 0
}

// tail prints the last lines of its input.
func tail(c *call) int {
	n, err := strconv.Atoi(c.options['n'])
	if err != nil || c.in == nil || len(c.operands) > 0 {
		return 1
	}
	text, err := io.ReadAll(c.in)
	if err != nil {
		return 1
	}
	lines := strings.SplitAfter(string(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	fmt.Fprint(c.out, strings.Join(lines[max(0, len(lines)-n):], ""))
	return 0
}

// date prints a time in UTC: the present, or that of -d @SECONDS.
func date(c *call) int {
	at := time.Now()
	if text, given := c.options['d']; given {
		seconds, err := strconv.ParseInt(strings.TrimPrefix(text, "@"), 10, 64)
		if err != nil || text[0] != '@' {
			return 1
		}
		at = time.Unix(seconds, 0)
	}
	if len(c.operands) != 1 || c.operands[0][0] != '+' {
		return 1
	}
	at = at.UTC()
	fmt.Fprintln(c.out, strings.NewReplacer(
		"%s", strconv.FormatInt(at.Unix(), 10), "%Y", at.Format("2006"), "%m", at.Format("01"), "%d", at.Format("02"),
		"%H", at.Format("15"), "%M", at.Format("04"), "%S", at.Format("05"),
	).Replace(c.operands[0][1:]))
	return 0
}
