package regions

import (
	"slices"
	"strings"
)

// Limits of the configuration's numbers.
const (
	minRegions = 3 // with two, the loss of either leaves no majority

	minDisk     = 10    // GiB, the minimum of a balanced persistent disk
	minTiKVDisk = 20    // GiB: TiKV's Raft log, its reserves and room to compact
	minBootDisk = 30    // GiB: the node's system and every image of the stack, twice during an upgrade
	maxDisk     = 65536 // GiB, the maximum of a persistent disk

	maxReplicas = 100
)

// Load reads the whole configuration of a stack and checks it. The values are those of pulumi.RunInfo.Config: every key
// with its namespace, scalars as text, arrays and objects as JSON. Project is the Pulumi project's name, the namespace
// of the program's own keys.
//
// It applies no defaults: those are in Pulumi.yaml, and the CLI applies them. An error is of type Problems and holds
// every mistake.
func Load(values map[string]string, project string) (*Config, error) {
	l := &loader{project: project, values: values}
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
		Domain:                        l.domain(),
		Site:                          l.site(),
	}
	config.Regions = l.regions(config.Replicas, config.TolerateMachineLoss)
	l.unknownKeys()
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
		return nil, l.problems
	}
	return config, nil
}

func (l *loader) images() Images {
	image := func(name string) string {
		reference, _ := l.top(name).checked(checkImage)
		return reference
	}
	return Images{
		PD: image("pdImage"), TiKV: image("tikvImage"), TiDB: image("tidbImage"), NFS: image("nfsImage"),
		WordPress: image("wordpressImage"), Syncthing: image("syncthingImage"), Tools: image("toolsImage"),
	}
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
func (l *loader) replicas() Replicas {
	number := func(name string) int {
		n, _ := l.top(name).whole(1, maxReplicas, "per region; beyond that, the database is what limits the site")
		return n
	}
	return Replicas{WordPress: number("wordpressReplicas"), TiDB: number("tidbReplicas")}
}
