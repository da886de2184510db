package shell

import (
	"crypto/rand"
	"fmt"
	"path"
	"strings"

	"geo-wordpress/localcloud/machines/software"
)

// copyFiles copies files and trees into a directory, or one to a new name.
func copyFiles(c *call) int {
	return c.transfer(func(from string) error { return nil })
}

// move renames files and trees; with -T, the target is never a directory to move them into.
func move(c *call) int {
	return c.transfer(func(from string) error {
		v, inside, _ := c.process.Files.Locate(from)
		v.Remove(inside)
		return nil
	})
}

// transfer copies all operands but the last to the last, and calls done after each. The image's own files are unknown
// and assumed to exist: a tree of them is an empty directory.
func (c *call) transfer(done func(from string) error) int {
	if len(c.operands) < 2 {
		return 1
	}
	last := len(c.operands) - 1
	files, to := c.process.Files, c.absolute(c.operands[last])
	for _, from := range c.operands[:last] {
		whole := strings.HasSuffix(from, "/.")
		from = c.absolute(from)
		v, inside, _ := files.Locate(from)
		dir, exists := v.Has(inside)
		if !exists {
			if v.Kind != software.Layer && !v.Opaque || c.has('R') && !files.Exists(to) && files.Mkdir(to) != nil {
				return 1
			}
			continue
		}
		target := to
		if at, in, _ := files.Locate(to); !whole && !c.has('T') {
			if isDir, ok := at.Has(in); ok && isDir {
				target = path.Join(to, path.Base(from))
			}
		}
		if c.copyTree(from, target, dir) != nil || done(from) != nil {
			return 1
		}
	}
	return 0
}

func (c *call) copyTree(from, to string, dir bool) error {
	files := c.process.Files
	if !dir {
		content, err := files.Read(from)
		if err != nil {
			return err
		}
		return files.Write(to, content)
	}
	if err := files.Mkdir(to); err != nil {
		return err
	}
	v, inside, _ := files.Locate(from)
	for _, name := range v.List(inside) {
		isDir, _ := v.Has(inside + "/" + name)
		if err := c.copyTree(path.Join(from, name), path.Join(to, name), isDir); err != nil {
			return err
		}
	}
	return nil
}

// concatenate prints files.
func concatenate(c *call) int {
	if len(c.operands) == 0 {
		_, _ = c.out.Write(c.input())
	}
	for _, name := range c.operands {
		content, err := c.process.Files.Read(c.absolute(name))
		if err != nil {
			return 1
		}
		if _, err := c.out.Write(content); err != nil {
			return 1
		}
	}
	return 0
}

func makeDirectories(c *call) int {
	for _, name := range c.operands {
		if c.process.Files.Mkdir(c.absolute(name)) != nil {
			return 1
		}
	}
	return 0
}

// makeTemporary creates a directory, or a file, whose name ends in random letters instead of Xs, and prints the name.
func makeTemporary(c *call) int {
	if len(c.operands) != 1 {
		return 1
	}
	stem := strings.TrimRight(c.operands[0], "X")
	name := stem + rand.Text()[:len(c.operands[0])-len(stem)]
	create := func(name string) error { return c.process.Files.Write(name, nil) }
	if c.has('d') {
		create = c.process.Files.Mkdir
	}
	if create(c.absolute(name)) != nil {
		return 1
	}
	fmt.Fprintln(c.out, name)
	return 0
}

func touch(c *call) int {
	for _, name := range c.operands {
		name = c.absolute(name)
		if !c.process.Files.Exists(name) && !c.has('c') && c.process.Files.Write(name, nil) != nil {
			return 1
		}
	}
	return 0
}

func remove(c *call) int {
	for _, name := range c.operands {
		v, inside, readOnly := c.process.Files.Locate(c.absolute(name))
		if _, exists := v.Has(inside); exists && readOnly || !exists && !c.has('f') {
			return 1
		}
		v.Remove(inside)
	}
	return 0
}
