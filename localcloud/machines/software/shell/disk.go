package shell

import (
	"fmt"
	"path"
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
