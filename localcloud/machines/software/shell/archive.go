package shell

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

// archive models GNU tar on compressed archives that are its input or output.
func archive(c *call) int {
	args, err := long(c.operands, []string{"directory", "C", "exclude-from", "warning"},
		[]string{"create", "extract", "gzip", "anchored", "no-same-owner", "no-overwrite-dir"})
	switch {
	case err != nil:
	case args.has("create") == args.has("extract") || !args.has("gzip"):
		err = errors.New("the model needs --gzip, and either --create or --extract")
	case args.has("extract"):
		err = c.unpack(c.absolute(args.last("directory") + args.last("C")))
	case len(args.operands) == 0:
		err = errors.New("the model refuses to create an empty archive")
	default:
		var excluded []string
		if args.last("exclude-from") == "-" {
			excluded = strings.Fields(string(c.input()))
		}
		err = c.pack(c.absolute(args.last("directory")+args.last("C")), args.operands, excluded)
	}
	if err != nil {
		c.process.Log("tar: %v", err)
		return 2
	}
	return 0
}

// pack archives parts of a directory without what the anchored patterns fit, and what is in it.
func (c *call) pack(root string, parts, excluded []string) error {
	if !c.process.Files.Exists(root) {
		return errors.New(root + ": Cannot open: No such file or directory")
	}
	zipped := gzip.NewWriter(c.out)
	writer := tar.NewWriter(zipped)
	v, inside, _ := c.process.Files.Locate(root)
	var walk func(name string) error
	walk = func(name string) error {
		if slices.ContainsFunc(excluded, func(p string) bool { fits, _ := path.Match(p, "./"+name); return fits }) {
			return nil
		}
		at := path.Join(inside, name)
		if dir, exists := v.Has(at); dir || !exists {
			if err := writer.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "./" + name, Mode: 0o755}); err != nil {
				return err
			}
			for _, child := range v.List(at) {
				if err := walk(path.Join(name, child)); err != nil {
					return err
				}
			}
			return nil
		}
		content, _ := v.Read(at)
		err := writer.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "./" + name, Mode: 0o644, Size: int64(len(content))})
		if err == nil {
			_, err = writer.Write(content)
		}
		return err
	}
	for _, part := range parts {
		if err := walk(path.Clean(part)); err != nil {
			return err
		}
	}
	return errors.Join(writer.Close(), zipped.Close())
}

// unpack extracts an archive into a directory.
func (c *call) unpack(root string) error {
	unzipped, err := gzip.NewReader(bytes.NewReader(c.input()))
	if err != nil {
		return err
	}
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if path.Clean(header.Name) == "." { // a volume's own directory belongs to another
			return errors.New(".: Cannot change mode to rwxr-xr-x: Operation not permitted")
		}
		name := path.Join(root, header.Name)
		if header.Typeflag == tar.TypeDir {
			if err := c.process.Files.Mkdir(name); err != nil {
				return err
			}
			continue
		}
		content, err := io.ReadAll(reader)
		if err == nil {
			err = c.process.Files.Write(name, content)
		}
		if err != nil {
			return err
		}
	}
}
