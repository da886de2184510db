package config

import (
	"maps"
	"slices"
	"strings"
)

// Keys are the configuration keys of the program with their types, as Pulumi.yaml declares them.
func Keys() map[string]string { return maps.Clone(keys) }

var keys = map[string]string{
	"regions":                       "array",
	"addressBase":                   "string",
	"machineType":                   "string",
	"nodesPerRegion":                "integer",
	"authorizedNetworks":            "array",
	"applicationDefaultCredentials": "boolean",
	"manageServices":                "boolean",
	"deletionProtection":            "boolean",
	"protectData":                   "boolean",
	"pdDiskGiB":                     "integer",
	"tikvDiskGiB":                   "integer",
	"filesDiskGiB":                  "integer",
	"bootDiskGiB":                   "integer",
	"pdImage":                       "string",
	"tikvImage":                     "string",
	"tidbImage":                     "string",
	"nfsImage":                      "string",
	"wordpressImage":                "string",
	"syncthingImage":                "string",
	"toolsImage":                    "string",
	"dumplingImage":                 "string",
	"lightningImage":                "string",
	"rcloneImage":                   "string",
	"wpcliImage":                    "string",
	"wordpressReplicas":             "integer",
	"tidbReplicas":                  "integer",
	"growth":                        "object",
	"tolerateMachineLoss":           "boolean",
	"visitorStaleness":              "integer",
	"primaryRegion":                 "string",
	"cdn":                           "boolean",
	"databaseHistoryHours":          "integer",
	"fileHistoryDays":               "integer",
	"databaseNamespace":             "string",
	"filesNamespace":                "string",
	"wordpressNamespace":            "string",
	"shield":                        "object",
	"xmlrpc":                        "boolean",
	"installFrom":                   "array",
	"domain":                        "string",
	"aliases":                       "array",
	"dnsZone":                       "string",
	"ipv6":                          "boolean",
	"hsts":                          "integer",
	"site":                          "object",
	"backup":                        "object",
	"restore":                       "object",
	"mail":                          "object",
	"mailPassword":                  "string",
	"staging":                       "boolean",
	"monitoring":                    "object",
}

var (
	regionFields = []string{"name", "zone", "machineType", "nodes", "addresses", "lost", "leaving"}
	siteFields   = []string{"title", "adminUser", "adminEmail"}
	growthFields = []string{"wordpress", "tidb", "nodes"}
	mailFields   = []string{"host", "certificateName", "port", "user", "from", "fromName"}
)

// unknownKeys reports unknown keys of the program's own namespace. It does not show their values: one may be a
// password.
func (l *loader) unknownKeys() {
	known := slices.Sorted(maps.Keys(keys))
	for _, full := range slices.Sorted(maps.Keys(l.values)) {
		name, own := cutNamespace(full, l.project)
		if !own {
			continue
		}
		if _, ok := keys[name]; !ok {
			l.problem(full, "", "is not a key of this program"+suggestion(name, known)+
				" (remove it with `pulumi config rm`)")
		}
	}
}

// cutNamespace splits the project's name off a key, and says whether it was there.
func cutNamespace(key, project string) (name string, own bool) {
	return strings.CutPrefix(key, project+":")
}
