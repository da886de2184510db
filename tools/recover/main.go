package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
)

func main() {
	var c cli
	flag.StringVar(&c.stack, "stack", "", "the stack to repair (default: the selected one)")
	flag.StringVar(&c.configFile, "config-file", "", "the stack's configuration file (default: Pulumi.STACK.yaml)")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "recover takes only flags, not the arguments %q: see recover --help\n", flag.Args())
		os.Exit(2)
	}
	if err := c.recover(); err != nil {
		fmt.Fprintln(os.Stderr, "recover:", err)
		os.Exit(1)
	}
}

// cli is the Pulumi CLI on one stack.
type cli struct{ stack, configFile string }

func (c cli) recover() error {
	if err := c.show("cancel", "--yes"); err != nil {
		return err
	}
	s, err := c.export()
	if err != nil {
		return err
	}
	adopted, err := s.adopt()
	if err != nil {
		return err
	}
	if len(adopted) == 0 {
		fmt.Println("Nothing was interrupted.")
		return nil
	}
	fmt.Println("Interrupted:")
	for _, a := range adopted {
		fmt.Println(" ", a)
	}
	if err := c.replace(s); err != nil {
		return err
	}
	var targets []string
	for _, a := range adopted {
		if s.holds(a) && !slices.Contains(targets, a.urn) {
			targets = append(targets, a.urn)
		}
	}
	if len(targets) == 0 {
		return nil
	}
	arguments := []string{"refresh", "--yes", "--skip-preview", "--non-interactive"}
	if c.configFile != "" {
		arguments = append(arguments, "--config-file", c.configFile)
	}
	for _, urn := range targets {
		arguments = append(arguments, "--target", urn)
	}
	if err := c.show(arguments...); err != nil {
		return fmt.Errorf("%w\nThe state now lists the interrupted resources. Fix the cause and run `pulumi refresh`, which drops those that do not exist", err)
	}
	if !slices.ContainsFunc(adopted, adoption.mayBeRunning) {
		return nil
	}
	if s, err = c.export(); err != nil {
		return err
	}
	if s.mark(adopted) {
		return c.replace(s)
	}
	return nil
}

func (c cli) export() (state, error) {
	out, err := c.run(nil, "stack", "export")
	if err != nil {
		return state{}, err
	}
	return parse(out)
}

func (c cli) replace(s state) error {
	content, err := json.Marshal(s.object)
	if err != nil {
		return err
	}
	_, err = c.run(content, "stack", "import")
	return err
}

// show runs the CLI and prints its output.
func (c cli) show(arguments ...string) error {
	out, err := c.run(nil, arguments...)
	_, _ = os.Stdout.Write(out)
	return err
}

func (c cli) run(input []byte, arguments ...string) ([]byte, error) {
	if c.stack != "" {
		arguments = append(arguments, "--stack", c.stack)
	}
	command := exec.Command("pulumi", arguments...)
	var out, problems bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &out, &problems
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("pulumi %s: %w\n%s%s", arguments[0], err, out.Bytes(), problems.Bytes())
	}
	return out.Bytes(), nil
}
