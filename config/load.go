package config

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"geo-wordpress/googlecloud"
	"geo-wordpress/sizing"
	"geo-wordpress/state"
)

// Limits of the configuration's numbers.
const (
	minRegions = 3 // with two, the loss of either leaves no majority

	minDisk     = 10    // GiB, the minimum of a balanced persistent disk
	minTiKVDisk = 20    // GiB: TiKV's Raft log, its reserves and room to compact
	minBootDisk = 30    // GiB: the node's system and every image of the stack, twice during an upgrade
	maxDisk     = 65536 // GiB, the maximum of a persistent disk

	maxReplicas = 100

	// Longer than any election; the visitors of an older page would only miss more. It is also within the ten minutes that
	// TiDB keeps by itself (tidb_gc_life_time's default), until the database's init Job has declared more.
	maxVisitorStaleness = 300 // seconds
)

// Load reads the whole configuration of a stack and checks it. The values are those of pulumi.RunInfo.Config: every key
// with its namespace, scalars as text, arrays and objects as JSON. Project is the Pulumi project's name, the namespace
// of the program's own keys.
//
// It applies no defaults: those are in Pulumi.yaml, and the CLI applies them. It takes what must be encrypted for
// encrypted. An error is of type Problems and holds every mistake.
func Load(values map[string]string, project string) (*Config, error) {
	return load(values, project, []string{project + ":" + passwordKey}, &state.State{})
}

func load(values map[string]string, project string, encrypted []string, last *state.State) (*Config, error) {
	l := &loader{project: project, values: values, encrypted: encrypted, last: last}
	config := &Config{
		Project:                       l.googleProject(),
		AuthorizedNetworks:            l.authorizedNetworks(),
		ApplicationDefaultCredentials: l.top("applicationDefaultCredentials").truth(),
		ManageServices:                l.top("manageServices").truth(),
		DeletionProtection:            l.top("deletionProtection").truth(),
		ProtectData:                   l.top("protectData").truth(),
		Images:                        l.images(),
		Disks:                         l.disks(),
		Replicas:                      l.replicas(),
		TolerateMachineLoss:           l.top("tolerateMachineLoss").truth(),
		Namespaces:                    l.namespaces(),
		VisitorStaleness:              l.visitorStaleness(),
		CDN:                           l.top("cdn").truth(),
		History:                       l.history(),
		Shield:                        l.shield(),
		XMLRPC:                        l.top("xmlrpc").truth(),
		Domain:                        l.domain(),
		DNSZone:                       l.dnsZone(),
		IPv6:                          l.ipv6(),
		HSTSSeconds:                   l.hsts(),
		Site:                          l.site(),
		Mail:                          l.mail(),
		Monitoring:                    l.monitoring(),
	}
	config.Aliases = l.aliases(config.Domain)
	config.Staging = l.staging(config.Mail)
	config.InstallFrom = l.installFrom(config.Site)
	config.Growth = l.growth(config.Replicas)
	config.Regions = l.regions(config.Replicas, config.Growth, config.TolerateMachineLoss)
	config.PrimaryRegion = l.primaryRegion(config.Regions)
	config.Backup = l.backup(config.Regions)
	config.Restore = l.restore(config.Site)
	l.noSmallerDisk(config.Disks, config.Regions)
	l.unknownKeys()
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
		return nil, l.problems
	}
	return config, nil
}

// LoadRun is Load for a run of the program, as the engine describes it (pulumi.RunOption), and also checks the
// configuration against the stack's last state. It refuses encrypted values of known keys: each ends up in plain text in
// a manifest or a resource's name, so encryption would promise too much. The exception is the mail server's password, which
// must be encrypted.
func LoadRun(info *pulumi.RunInfo, last *state.State) (*Config, error) {
	var problems Problems
	for _, key := range slices.Sorted(slices.Values(info.ConfigSecretKeys)) {
		name, own := cutNamespace(key, info.Project)
		if _, known := keys[name]; (own && known && name != passwordKey) || key == projectKey {
			problems = append(problems, Problem{Key: key, Allowed: "is encrypted, but the program writes it in plain text " +
				"into resources: set it without --secret"})
		}
	}
	if len(problems) > 0 {
		return nil, problems // and no other problem, which might show a value
	}
	return load(info.Config, info.Project, info.ConfigSecretKeys, last)
}

// projectKey is the Google provider's own key, which has no default.
const projectKey = "gcp:project"

func (l *loader) googleProject() string {
	id, ok := l.values[projectKey]
	switch {
	case !ok:
		l.problem(projectKey, "", "is not set: set it to the ID of the Google Cloud project "+
			"(`pulumi config set gcp:project ID`)")
	case !googlecloud.ProjectID.MatchString(id):
		l.problem(projectKey, quoted(id), "must be the ID of a Google Cloud project: 6 to 30 lower-case letters, digits and "+
			"hyphens, starting with a letter and ending with a letter or digit")
	}
	return id
}

func (l *loader) images() Images {
	image := func(name string) string {
		reference, _ := l.top(name).checked(checkImage)
		return reference
	}
	return Images{
		PD: image("pdImage"), TiKV: image("tikvImage"), TiDB: image("tidbImage"), NFS: image("nfsImage"),
		WordPress: image("wordpressImage"), Syncthing: image("syncthingImage"), Tools: image("toolsImage"),
		Dumpling: image("dumplingImage"), Lightning: image("lightningImage"), Rclone: image("rcloneImage"),
		WPCLI: image("wpcliImage"),
	}
}

func (l *loader) visitorStaleness() int {
	n, _ := l.top("visitorStaleness").whole(0, maxVisitorStaleness, "seconds; 0 turns stale reads off, and no election "+
		"takes longer")
	return n
}

func (l *loader) disks() Disks {
	size := func(name string, least int, why string) int {
		n, _ := l.top(name).whole(least, maxDisk, "GiB; "+why+", and no persistent disk is larger")
		return n
	}
	return Disks{
		PD:    size("pdDiskGiB", minDisk, "no balanced persistent disk is smaller"),
		TiKV:  size("tikvDiskGiB", minTiKVDisk, "TiKV's log, reserves and compactions need room"),
		Files: size("filesDiskGiB", minDisk, "no balanced persistent disk is smaller"),
		Boot:  size("bootDiskGiB", minBootDisk, "a node's system and the images need room"),
	}
}

// replicas returns zero for an invalid number.
func (l *loader) replicas() sizing.Replicas {
	number := func(name string) int {
		n, _ := l.top(name).whole(1, maxReplicas, "per region; with more, the database limits the site")
		return n
	}
	return sizing.Replicas{WordPress: number("wordpressReplicas"), TiDB: number("tidbReplicas")}
}
