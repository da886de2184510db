package config_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"
)

func load(t *testing.T, values map[string]string) *config.Config {
	t.Helper()
	config, err := config.Load(values, configtest.Project)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// A stack must set only its Google Cloud project; the defaults are safe for production.
func TestAStackNeedsItsProjectOnly(t *testing.T) {
	got := load(t, configtest.Minimal(t))
	if !got.DeletionProtection || !got.ProtectData {
		t.Errorf("clusters protected: %t, data protected: %t; both should be by default", got.DeletionProtection, got.ProtectData)
	}
	if len(got.AuthorizedNetworks) != 0 {
		t.Errorf("%v may reach the control planes by default, and nobody should", got.AuthorizedNetworks)
	}
	if got.Project != "some-project" || got.Domain != "" || got.Site != nil {
		t.Errorf("got project %q, domain %q, site %v", got.Project, got.Domain, got.Site)
	}
	want := []regions.Region{
		{Name: "europe-west1", Zone: "europe-west1-b", Index: 0, MachineType: "e2-standard-4", Nodes: 2,
			DNSDomain: "europe-west1.geo-wordpress.local", Ranges: ranges("10.64")},
		{Name: "europe-west2", Zone: "europe-west2-b", Index: 1, MachineType: "e2-standard-4", Nodes: 2,
			DNSDomain: "europe-west2.geo-wordpress.local", Ranges: ranges("10.65")},
		{Name: "europe-west3", Zone: "europe-west3-b", Index: 2, MachineType: "e2-standard-4", Nodes: 2,
			DNSDomain: "europe-west3.geo-wordpress.local", Ranges: ranges("10.66")},
	}
	if !reflect.DeepEqual(got.Regions, want) {
		t.Errorf("got regions\n%+v, want\n%+v", got.Regions, want)
	}
}

func ranges(block string) regions.Ranges {
	return regions.Ranges{
		Pods:         netip.MustParsePrefix(block + ".0.0/17"),
		Services:     netip.MustParsePrefix(block + ".128.0/20"),
		Nodes:        netip.MustParsePrefix(block + ".144.0/22"),
		ControlPlane: netip.MustParsePrefix(block + ".148.0/28"),
	}
}

func TestDevStack(t *testing.T) {
	got := load(t, configtest.Committed(t))
	if got.DeletionProtection || got.ProtectData {
		t.Error("the dev stack is protected, and a destroy of it should take everything")
	}
	for _, region := range got.Regions {
		if region.MachineType != "e2-standard-2" || region.Nodes != 2 {
			t.Errorf("%s has %d of %s", region.Name, region.Nodes, region.MachineType)
		}
	}
	if want := (config.Disks{PD: 10, TiKV: 20, Files: 10, Boot: 30}); got.Disks != want {
		t.Errorf("got disks %+v, want %+v", got.Disks, want)
	}
}

// Every value of the configuration arrives in its own field.
func TestEveryValueArrives(t *testing.T) {
	values := configtest.Committed(t)
	for name, value := range map[string]string{
		"regions": `[{"name":"us-east1","zone":"us-east1-d","machineType":"n2-standard-4","nodes":3},` +
			`{"name":"us-central1","zone":"us-central1-f","addresses":"10.79.0.0/16"},{"name":"us-west1","zone":"us-west1-a"}]`,
		"authorizedNetworks": `["198.51.100.0/24","203.0.113.7/32"]`, "applicationDefaultCredentials": "false",
		"manageServices": "false", "deletionProtection": "true", "protectData": "false",
		"pdDiskGiB": "11", "tikvDiskGiB": "22", "filesDiskGiB": "33", "bootDiskGiB": "44",
		"pdImage": "pd:1", "tikvImage": "tikv:2", "tidbImage": "tidb:3", "nfsImage": "nfs:4", "wordpressImage": "wordpress:5",
		"syncthingImage": "syncthing:6", "toolsImage": "tools:7", "wpcliImage": "wordpress:cli-8", "wordpressReplicas": "3", "tidbReplicas": "2",
		"visitorStaleness": "60", "cdn": "true",
		"databaseHistoryHours": "48", "fileHistoryDays": "0", "growth": `{"wordpress":4,"tidb":3,"nodes":5}`,
		"databaseNamespace": "one", "filesNamespace": "two", "wordpressNamespace": "three", "domain": "www.example.com",
		"aliases": `["example.com","example.org"]`, "dnsZone": "example-com", "ipv6": "true", "hsts": "86400",
		"site":          `{"title":"A site","adminUser":"editor","adminEmail":"editor@example.com"}`,
		"dumplingImage": "dumpling:8", "lightningImage": "lightning:9", "rcloneImage": "rclone:10",
		"backup": `{"schedule":"@daily","keepDays":12,"snapshotDays":3}`,
	} {
		values["geo-wordpress:"+name] = value
	}
	want := &config.Config{
		Project: "geo-wordpress-dev",
		Regions: []regions.Region{
			{Name: "us-east1", Zone: "us-east1-d", Index: 0, MachineType: "n2-standard-4", Nodes: 3, MostNodes: 5, Ranges: ranges("10.64"),
				DNSDomain: "us-east1.geo-wordpress.local"},
			{Name: "us-central1", Zone: "us-central1-f", Index: 1, MachineType: "e2-standard-2", Nodes: 2, MostNodes: 5, Ranges: ranges("10.79"),
				DNSDomain: "us-central1.geo-wordpress.local"},
			{Name: "us-west1", Zone: "us-west1-a", Index: 2, MachineType: "e2-standard-2", Nodes: 2, MostNodes: 5, Ranges: ranges("10.66"),
				DNSDomain: "us-west1.geo-wordpress.local"},
		},
		AuthorizedNetworks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.7/32")},
		DeletionProtection: true,
		Images: config.Images{PD: "pd:1", TiKV: "tikv:2", TiDB: "tidb:3", NFS: "nfs:4", WordPress: "wordpress:5",
			Syncthing: "syncthing:6", Tools: "tools:7", WPCLI: "wordpress:cli-8", Dumpling: "dumpling:8", Lightning: "lightning:9",
			Rclone: "rclone:10"},
		Disks:            config.Disks{PD: 11, TiKV: 22, Files: 33, Boot: 44},
		Replicas:         sizing.Replicas{WordPress: 3, TiDB: 2},
		Growth:           sizing.Growth{WordPress: 4, TiDB: 3, Nodes: 5},
		Namespaces:       config.Namespaces{Database: "one", Files: "two", WordPress: "three"},
		VisitorStaleness: 60,
		History:          config.History{DatabaseHours: 48},
		CDN:              true,
		Domain:           "www.example.com",
		Aliases:          []string{"example.com", "example.org"},
		DNSZone:          "example-com",
		IPv6:             true,
		HSTSSeconds:      86400,
		Site:             &config.Site{Title: "A site", AdminUser: "editor", AdminEmail: "editor@example.com"},
		Backup:           &config.Backup{Schedule: "@daily", Location: "US", KeepDays: 12, SnapshotDays: 3},
	}
	if got := load(t, values); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	// Each of the switches alone, because two exchanged ones would pass above. The machines here tolerate a loss.
	values["geo-wordpress:machineType"] = "e2-standard-4"
	for name, of := range map[string]func(*config.Config) bool{
		"applicationDefaultCredentials": func(c *config.Config) bool { return c.ApplicationDefaultCredentials },
		"manageServices":                func(c *config.Config) bool { return c.ManageServices },
		"deletionProtection":            func(c *config.Config) bool { return c.DeletionProtection },
		"tolerateMachineLoss":           func(c *config.Config) bool { return c.TolerateMachineLoss },
		"cdn":                           func(c *config.Config) bool { return c.CDN },
		"staging":                       func(c *config.Config) bool { return c.Staging },
		"protectData":                   func(c *config.Config) bool { return c.ProtectData },
	} {
		for _, text := range []string{"true", "false"} {
			values["geo-wordpress:"+name] = text
			if of(load(t, values)) != (text == "true") {
				t.Errorf("%s %s did not arrive", name, text)
			}
		}
	}
}

// Pulumi.yaml declares exactly the keys that the loader reads.
func TestProjectDeclaresEveryKey(t *testing.T) {
	project, err := workspace.LoadProject(configtest.Path("Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got := project.Name.String(); got != configtest.Project {
		t.Errorf("the project is %s, want %s", got, configtest.Project)
	}
	known := config.Keys()
	for name, declared := range project.Config {
		if strings.Contains(name, ":") {
			continue
		}
		if got := declared.TypeName(); got != known[name] {
			t.Errorf("%s is declared with type %q, and read as %q", name, got, known[name])
		}
		if declared.Default == nil || declared.Description == "" {
			t.Errorf("%s is declared without a default or a description", name)
		}
		delete(known, name)
	}
	if len(known) > 0 {
		t.Errorf("not declared: %v", known)
	}
	if value := project.Config["pulumi:disable-default-providers"].Value; !reflect.DeepEqual(value, []any{"kubernetes"}) {
		t.Errorf("the disabled default providers are %v", value)
	}
	if project.Template == nil || project.Template.Config["gcp:project"].Description == "" {
		t.Error("the template does not ask for gcp:project")
	}
}

// The CLI saves the stack's file when it creates the stack; the result must equal the committed file.
func TestDevStackFileSurvivesTheCLI(t *testing.T) {
	project, err := workspace.LoadProject(configtest.Path("Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	committed := configtest.Path("Pulumi.dev.yaml")
	stack, err := workspace.LoadProjectStack(nil, project, committed)
	if err != nil {
		t.Fatal(err)
	}
	saved := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	if err := stack.Save(saved); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("saved as\n%s\ncommitted as\n%s", got, want)
	}

	// The salt is that of the local cloud's passphrase: "v1:SALT:" and the word pulumi, encrypted.
	parts := strings.SplitN(stack.EncryptionSalt, ":", 3)
	if len(parts) != 3 {
		t.Fatalf("the salt is %q", stack.EncryptionSalt)
	}
	salt := decodeBase64(t, parts[1])
	crypter := pulumiconfig.NewSymmetricCrypterFromPassphrase("local cloud only, not a secret", salt)
	word, err := crypter.DecryptValue(context.Background(), parts[2])
	if err != nil || word != "pulumi" {
		t.Errorf("the salt is not of the local cloud's passphrase: %q, %v", word, err)
	}
}
