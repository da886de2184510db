package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"geo-wordpress/tools/doctor/costs"
)

func main() {
	directory := flag.String("directory", ".", "the directory of Pulumi.yaml")
	stack := flag.String("stack", "", "the stack to check (default: the selected one)")
	asJSON := flag.Bool("json", false, "print the results as JSON")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "doctor takes only flags, not the arguments %q: see doctor --help\n", flag.Args())
		os.Exit(2)
	}
	// No single call takes longer than patience; this is for all of them.
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	d := &doctor{report: &report{out: os.Stdout, json: *asJSON}, directory: *directory, stack: *stack, google: newGoogle(),
		run: run, environment: os.Getenv, address: ownAddress, credentials: applicationDefault}
	os.Exit(d.check(ctx))
}

// doctor is one run. The functions are what reaches outside of the process, except for Google's APIs.
type doctor struct {
	*report
	directory, stack string

	settings *settings // nil until the stack was read
	google   *google
	held     held

	run         func(ctx context.Context, directory, program string, arguments ...string) (string, error)
	environment func(string) string
	address     func(context.Context) (string, error)
	credentials func(context.Context) (*credentials, error)
}

// check runs all checks and returns the exit status.
func (d *doctor) check(ctx context.Context) int {
	d.begin("Tools")
	pulumi := d.tools(ctx)
	d.begin("Stack")
	d.configuration()
	d.backend(ctx, pulumi)
	d.secrets()
	d.begin("Google Cloud")
	authenticated := d.authenticate(ctx)
	if !authenticated {
		d.skip("project", "needs the credentials above", "")
	}
	if authenticated && d.projectExists(ctx) {
		d.billing(ctx)
		compute := d.services(ctx)
		d.permissions(ctx)
		d.key(ctx)
		d.begin("Machines and quotas")
		d.machines(ctx, compute)
		d.quotas(ctx, compute)
		d.begin("Addresses")
		d.ranges(ctx, compute)
	} else {
		for _, check := range []string{"billing", "APIs", "roles", "machines", "quotas", "ranges"} {
			d.skip(check, "needs the credentials and the project above", "")
		}
		d.begin("Addresses")
	}
	d.operator(ctx)
	status := d.end()
	if !d.json && d.settings != nil && d.settings.config != nil {
		fmt.Fprintln(d.out)
		writeCosts(d.out, d.settings)
	}
	return status
}

// writeCosts writes what the stack costs, as far as the prices are known.
func writeCosts(out io.Writer, s *settings) {
	estimate, err := costs.Of(s.config)
	if err != nil {
		fmt.Fprintf(out, "Its costs: %v. docs/costs.md says what counts.\n", err)
		return
	}
	fmt.Fprintf(out, "At list prices of %s, before traffic and tax, the stack costs about $%.0f a month: docs/costs.md\n",
		costs.Date, estimate.Total())
}
