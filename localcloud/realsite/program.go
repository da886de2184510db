package realsite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program returns the path of the program that runs the real software, beside this one.
func Program() (string, error) {
	executable, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(executable), "real-wordpress"), nil
}

// Check returns why the program cannot run on this machine, and how to fix it.
func Check(ctx context.Context, program string) error {
	if _, err := os.Stat(program); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("the real WordPress needs the program %s, which is not there: `make real-wordpress` builds it, "+
				"and tools/conformance/install (as root, on Debian) installs the software", program)
		}
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("the real WordPress runs in namespaces and networks of its own, which only root may create: " +
			"start the local cloud as root, or without --real-wordpress")
	}
	check := exec.CommandContext(ctx, program, "--check")
	check.Env = environment()
	output, err := check.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the real WordPress cannot run on this machine (%w):\n%s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

// environment returns the variables that the program inherits: those to find other programs and a place for files.
func environment() (all []string) {
	for _, name := range []string{"PATH", "TMPDIR", "CONFORMANCE_BIN"} {
		if value, ok := os.LookupEnv(name); ok {
			all = append(all, name+"="+value)
		}
	}
	return all
}
