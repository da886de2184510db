package configtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"
)

// Sized is the committed configuration with count regions, all alike.
func Sized(t testing.TB, count int) map[string]string {
	t.Helper()
	values := maps.Clone(Committed(t))
	var all []map[string]any
	for _, name := range googlecloud.Regions()[:count] {
		all = append(all, map[string]any{"name": name, "zone": googlecloud.Zones(name)[0]})
	}
	values[full("regions")] = encoded(all)
	return values
}

// ValidConfig draws a random valid configuration: three, five or seven regions in any order, with their own or the
// common machines, pinned to blocks or not.
func ValidConfig(t *rapid.T) map[string]string {
	replicas := sizing.Replicas{
		WordPress: rapid.IntRange(1, 4).Draw(t, "WordPress replicas"),
		TiDB:      rapid.IntRange(1, 3).Draw(t, "TiDB replicas"),
	}
	count := rapid.SampledFrom([]int{3, 5, 7}).Draw(t, "regions")
	base := addressBase(t)
	needs := need{replicas, growth(t, replicas), rapid.Bool().Draw(t, "tolerateMachineLoss")}
	common := machines(t, needs, "common")
	namespaces := rapid.SliceOfNDistinct(namespace, 3, 3, rapid.ID[string]).Draw(t, "namespaces")
	truth := func(name string) string { return strconv.FormatBool(rapid.Bool().Draw(t, name)) }
	number := func(name string, least, most int) string {
		return strconv.Itoa(rapid.IntRange(least, most).Draw(t, name))
	}
	all := places(t, count, base, needs)
	values := map[string]string{
		"gcp:project": rapid.StringMatching(`[a-z][a-z0-9-]{4,28}[a-z0-9]`).Draw(t, "project"),
		// The program ignores keys of other namespaces.
		"gcp:region":                       "europe-west1",
		"pulumi:disable-default-providers": `["kubernetes"]`,
	}
	for name, value := range map[string]string{
		"regions":                       encoded(all),
		"addressBase":                   base.String(),
		"machineType":                   common.name,
		"nodesPerRegion":                strconv.Itoa(common.nodes),
		"authorizedNetworks":            encoded(authorized(t)),
		"applicationDefaultCredentials": truth("applicationDefaultCredentials"),
		"manageServices":                truth("manageServices"),
		"deletionProtection":            truth("deletionProtection"),
		"protectData":                   truth("protectData"),
		"pdDiskGiB":                     number("PD disk", 10, 65536),
		"tikvDiskGiB":                   number("TiKV disk", 20, 65536),
		"filesDiskGiB":                  number("files disk", 10, 65536),
		"bootDiskGiB":                   number("boot disk", 30, 65536),
		"wordpressReplicas":             strconv.Itoa(replicas.WordPress),
		"tidbReplicas":                  strconv.Itoa(replicas.TiDB),
		"growth":                        encoded(needs.fields()),
		"tolerateMachineLoss":           strconv.FormatBool(needs.tolerate),
		"visitorStaleness":              number("visitors' staleness", 0, 300),
		"primaryRegion":                 rapid.SampledFrom(append(namesOf(all), "")).Draw(t, "primary region"),
		"cdn":                           truth("cdn"),
		"databaseHistoryHours":          number("hours of the database's history", 1, 168),
		"fileHistoryDays":               number("days of the files' history", 0, 90),
		"databaseNamespace":             namespaces[0],
		"filesNamespace":                namespaces[1],
		"wordpressNamespace":            namespaces[2],
		"shield":                        encoded(shield.Draw(t, "shield")),
		"xmlrpc":                        truth("xmlrpc"),
		"installFrom":                   `[]`,
		"domain":                        domain.Draw(t, "domain"),
		"aliases":                       "[]",
		"dnsZone":                       "",
		"ipv6":                          "false",
		"hsts":                          "0",
		"site":                          encoded(site.Draw(t, "site")),
		"backup":                        encoded(backup.Draw(t, "backup")),
		"restore":                       `{}`,
		"monitoring":                    encoded(monitoring.Draw(t, "monitoring")),
	} {
		values[full(name)] = value
	}
	if values[full("site")] == "{}" {
		values[full("restore")] = encoded(restore.Draw(t, "restore"))
		values[full("installFrom")] = encoded(installFrom.Draw(t, "ranges to install from"))
	}
	if values[full("domain")] != "" {
		maps.Copy(values, entrance(t, values[full("domain")]))
	}
	values[full("mail")], values[full("mailPassword")] = mail(t)
	values[full("staging")] = strconv.FormatBool(values[full("mail")] == "{}" && rapid.Bool().Draw(t, "staging"))
	for _, software := range []string{"pd", "tikv", "tidb", "nfs", "wordpress", "syncthing", "tools", "wpcli", "dumpling", "lightning", "rclone"} {
		values[full(software+"Image")] = image.Draw(t, software+" image")
	}
	return values
}

func namesOf(all []map[string]any) (names []string) {
	for _, region := range all {
		names = append(names, region["name"].(string))
	}
	return names
}

// addressBase draws a range with room for seven regions.
func addressBase(t *rapid.T) netip.Prefix {
	bits := rapid.IntRange(8, 13).Draw(t, "length of the address base")
	second := byte(rapid.IntRange(0, 255).Draw(t, "second byte of the address base"))
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, second, 0, 0}), bits).Masked()
}

type pool struct {
	name  string
	nodes int
}

// machines draws a node pool that holds the pods of a region.
func machines(t *rapid.T, needs need, whose string) pool {
	return rapid.SampledFrom(needs.fitting()).Draw(t, whose+" machines")
}

// pools caches the node pools that fit, by need: finding them packs a few hundred.
var pools sync.Map

type need struct {
	sizing.Replicas
	growth   sizing.Growth
	tolerate bool
}

func (n need) fitting() []pool {
	if known, ok := pools.Load(n); ok {
		return known.([]pool)
	}
	most := n.growth.Most(n.Replicas)
	grown := sizing.Replicas{WordPress: n.WordPress, TiDB: most.TiDB} // TiDB may have grown when a machine is lost
	var fitting []pool
	for _, machine := range googlecloud.MachineTypes("") {
		for nodes := 1; nodes <= maxNodes; nodes++ {
			if sizing.Fits(machine, nodes, n.Replicas) && sizing.Fits(machine, max(nodes, n.growth.Nodes), most) &&
				(!n.tolerate || sizing.ToleratesMachineLoss(machine, nodes, grown)) {
				fitting = append(fitting, pool{machine.Name, nodes})
			}
		}
	}
	pools.Store(n, fitting)
	return fitting
}

// places draws the regions. Pinned regions take blocks at the indexes of pinned regions, or after the last region's
// block.
func places(t *rapid.T, count int, base netip.Prefix, needs need) []map[string]any {
	names := rapid.Permutation(googlecloud.Regions()).Draw(t, "names")[:count]
	var pinned, blocks []int
	for i := range count {
		if rapid.IntRange(0, 3).Draw(t, "whether to pin") == 0 {
			pinned, blocks = append(pinned, i), append(blocks, i)
		}
	}
	for i := count; i < min(regions.Blocks(base), 2*count); i++ {
		blocks = append(blocks, i)
	}
	pins := map[int]netip.Prefix{}
	if len(pinned) > 0 {
		for n, block := range rapid.Permutation(blocks).Draw(t, "blocks")[:len(pinned)] {
			pins[pinned[n]] = regions.Block(base, block)
		}
	}

	all := make([]map[string]any, count)
	for i, name := range names {
		all[i] = map[string]any{"name": name, "zone": rapid.SampledFrom(googlecloud.Zones(name)).Draw(t, "zone")}
		if pin, ok := pins[i]; ok {
			all[i]["addresses"] = pin.String()
		}
		if rapid.IntRange(0, 2).Draw(t, "whether to have machines of its own") == 0 {
			own := machines(t, needs, name)
			all[i]["machineType"], all[i]["nodes"] = own.name, own.nodes
		}
	}
	return all
}

func authorized(t *rapid.T) []string {
	networks := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
		address := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")
		bits := rapid.IntRange(8, 32).Draw(t, "length")
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(address)), bits).Masked().String()
	}), 0, 4, rapid.ID[string]).Draw(t, "authorized networks")
	return networks
}

var (
	// namespace begins with w, unlike the reserved prefixes of Kubernetes and GKE.
	namespace = rapid.StringMatching(`w([a-z0-9-]{0,61}[a-z0-9])?`)

	domain = rapid.OneOf(rapid.Just(""), rapid.Custom(func(t *rapid.T) string {
		return rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?`).Draw(t, "label") +
			rapid.SampledFrom([]string{".example.com", ".blog.example.org", ".net"}).Draw(t, "rest")
	}))

	image = rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"", "docker.io/", "registry.example.com:5000/", "localhost/"}).Draw(t, "registry") +
			rapid.StringMatching(`[a-z0-9]{1,10}((__|-|\.)[a-z0-9]{1,5})?(/[a-z0-9]{1,10})?`).Draw(t, "path") +
			rapid.OneOf(
				rapid.StringMatching(`:v[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}(-[A-Za-z0-9_.-]{1,20})?`),
				rapid.StringMatching(`@sha256:[0-9a-f]{64}`),
				rapid.StringMatching(`:latest@sha256:[0-9a-f]{64}`),
			).Draw(t, "version")
	})

	site = rapid.OneOf(rapid.Just(map[string]string{}), rapid.Custom(func(t *rapid.T) map[string]string {
		return map[string]string{
			"title":      rapid.SampledFrom([]string{"A site", `Quotes ' " and $HOME`, "<b>Überall</b>", "網站"}).Draw(t, "title"),
			"adminUser":  rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9_.@-]{0,59}`).Draw(t, "user"),
			"adminEmail": rapid.StringMatching(`[a-z0-9]{1,20}(\+[a-z]{1,5})?`).Draw(t, "local part") + "@example.com",
		}
	}))
)

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("configtest: %v", err))
	}
	return string(text)
}
