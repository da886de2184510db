package world

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Substitution is a difference between what is declared and what runs here.
type Substitution struct {
	What, Declared, Here string
}

// Substitutions is the complete list: nothing else that is declared is changed or left out. Every line takes something
// away from what the tests prove; docs/conformance.md says what.
var Substitutions = []Substitution{
	{"names", "Cloud DNS in VPC scope", "a name server at the same address, 169.254.169.254, that knows the declared Services and their pods"},
	{"addresses", "a Service's cluster address, by Dataplane V2", "the name leads to the ready pods' own addresses"},
	{"network policies", "enforced by Dataplane V2", "not enforced"},
	{"container images", "pulled from registries", "the same programs, from Go modules and Debian's packages, at the images' paths and with their defaults. Syncthing is the declared version; TiDB is 8.5.6, PD of April 2024, WordPress, Ganesha and BusyBox are Debian's"},
	{"WordPress's entrypoint", "docker-entrypoint.sh of the image", "a script that copies the core and makes wp-config.php of the WORDPRESS_ variables"},
	{"WP-CLI", "WP-CLI 2.12", "a PHP script at its path that loads WordPress in the same way, and knows plugin list and eval"},
	{"kubectl", "talks to the API server", "for tools/wp a script that has the test start, await, enter and delete the pod"},
	{"TiKV", "three stores, Raft", "one, the first region's, as its pod is declared: the store of TiDB's own tests, which speaks TiKV's protocol. No Raft, no replicas, no BACKUP, no followers for stale reads, no commits in one phase; of tikv.toml only the section security is read. It holds all data, so no test loses its region"},
	{"disks", "a Google disk behind each claim", "a directory for each claim of each region"},
	{"the NFS provisioner", "provisions the claim's volume by the API server, runs NFS-Ganesha", "the volume is there from the start; a script runs the same NFS-Ganesha with the same helpers and settings"},
	{"the NFS mount", "the kernel's NFS client, in WordPress's pods", "the server's directory itself"},
	{"Google Cloud", "the machine's metadata server, Cloud Storage", "a metadata server that gives a pod the token of its declared account, and fake-gcs-server behind the declared roles, with a certificate of a test's own authority, which the images trust by SSL_CERT_FILE"},
	{"rclone", "all of it", "the same version with the commands and the storage systems that the backups use"},
	{"the mail server", "a provider's, with a certificate that the image's authorities vouch for", "go-smtp, with a certificate of a test's own authority, which WordPress's image trusts by SSL_CERT_FILE"},
	{"limits", "CPU, memory, size of volumes", "not applied"},
	{"seccomp", "RuntimeDefault", "not applied"},
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
