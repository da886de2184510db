package shell

import (
	"bufio"
	"fmt"
	"path"
)

// find prints the paths below a directory whose names match a pattern: find DIRECTORY -name PATTERN.
func find(c *call) int {
	if len(c.operands) != 3 || c.operands[1] != "-name" {
		return 1
	}
	root := c.operands[0]
	if !c.process.Files.Exists(c.absolute(root)) {
		return 1
	}
	v, _, _ := c.process.Files.Locate(c.absolute(root))
	var walk func(name, inside string)
	walk = func(name, inside string) {
		if found, err := path.Match(c.operands[2], path.Base(name)); err == nil && found {
			fmt.Fprintln(c.out, name)
		}
		for _, child := range v.List(inside) {
			walk(name+"/"+child, inside+"/"+child)
		}
	}
	_, inside, _ := c.process.Files.Locate(c.absolute(root))
	walk(root, inside)
	return 0
}

// countLines prints the number of lines of its input, as wc -l does.
func countLines(c *call) int {
	if !c.has('l') || len(c.operands) > 0 || c.in == nil {
		return 1
	}
	n := 0
	for lines := bufio.NewScanner(c.in); lines.Scan(); {
		n++
	}
	fmt.Fprintln(c.out, n)
	return 0
}
