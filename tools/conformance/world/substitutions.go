package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"geo-wordpress/tools/conformance/declared"
)

// Substitution is a difference between what is declared and what runs here.
type Substitution struct {
	What, Declared, Here string

	apply func(*declared.Pod) error // to every pod that is started
}

// Substitutions is the complete list: nothing else that is declared is changed or left out. Every line takes something
// away from what the tests prove; docs/conformance.md says what.
var Substitutions = []Substitution{
	{"names", "Cloud DNS in VPC scope", "a name server at the same address, 169.254.169.254, that knows the declared Services and their pods", nil},
	{"addresses", "a Service's cluster address, by Dataplane V2", "the name leads to the ready pods' own addresses", nil},
	{"network policies", "enforced by Dataplane V2", "not enforced", nil},
	{"container images", "pulled from registries", "the same programs, from Go modules and Debian's packages, at the images' paths and with their defaults. Syncthing is the declared version; TiDB is 8.5.6, PD of April 2024, WordPress, Ganesha and BusyBox are Debian's", nil},
	{"WordPress's entrypoint", "docker-entrypoint.sh of the image", "a script that copies the core and makes wp-config.php of the WORDPRESS_ variables", nil},
	{"TiKV", "three stores, Raft", "none: a stand-in tells PD of one store", nil},
	{"TiDB's store", "--store=tikv --path=PDs", "--store=unistore --path=" + embeddedStore + ", its embedded store: one TiDB serves all regions", useEmbeddedStore},
	{"disks", "a Google disk behind each claim", "a directory for each claim of each region", nil},
	{"the NFS provisioner", "provisions the claim's volume by the API server, runs NFS-Ganesha", "the volume is there from the start; a script runs the same NFS-Ganesha with the same helpers and settings", nil},
	{"the NFS mount", "the kernel's NFS client, in WordPress's pods", "the server's directory itself", nil},
	{"limits", "CPU, memory, size of volumes", "not applied", nil},
	{"seccomp", "RuntimeDefault", "not applied", nil},
}

// Table formats the list for people.
func Table() string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "Substituted\tDeclared\tHere")
	for _, s := range Substitutions {
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.What, s.Declared, s.Here)
	}
	_ = table.Flush()
	return b.String()
}

const embeddedStore = "/var/lib/unistore"

// useEmbeddedStore makes a tidb-server use its embedded store.
func useEmbeddedStore(pod *declared.Pod) error {
	if pod.App() != "tidb" {
		return nil
	}
	args := pod.Container("tidb").Args
	changed := 0
	for i, arg := range args {
		switch {
		case arg == "--store=tikv":
			args[i] = "--store=unistore"
			changed++
		case strings.HasPrefix(arg, "--path="):
			args[i] = "--path=" + embeddedStore
			changed++
		}
	}
	if changed != 2 {
		return errors.New("the arguments do not name TiKV once and a path once")
	}
	return nil
}

// embedded returns the directory of a region's embedded store, which outlives the pods.
func (w *World) embedded(region *declared.Region) string {
	directory := w.Disk(region.Name, filepath.Base(embeddedStore))
	if err := os.Chmod(directory, 0o777); err != nil {
		w.t.Fatal(err)
	}
	return directory
}
