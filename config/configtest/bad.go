package configtest

import (
	"maps"
	"strings"
	"testing"
)

// BadConfig is a configuration with mistakes, and the problems that must be reported.
type BadConfig struct {
	Name   string
	Values map[string]string
	Want   []Mistake
}

// Mistake is a problem that must be reported.
type Mistake struct {
	Key      string // the full key
	Fragment string // part of the message, value included
}

// Bad returns a configuration for every kind of mistake: the committed one with the mistake added. Each has exactly the
// mistakes in its Want.
func Bad(t testing.TB) []BadConfig {
	t.Helper()
	committed := Committed(t)
	var bad []BadConfig
	for _, rows := range [][]row{regionRows, addressRows, machineRows, numberRows, imageRows, nameRows, siteRows, mailRows, stagingRows,
		shapeRows, backupRows, historyRows, shieldRows, growthRows, domainRows, monitoringRows} {
		for _, row := range rows {
			values := maps.Clone(committed)
			for key, value := range row.set {
				values[full(key)] = value
			}
			for _, key := range row.drop {
				delete(values, full(key))
			}
			bad = append(bad, BadConfig{Name: row.name, Values: values, Want: row.want})
		}
	}
	return bad
}

// row is a BadConfig as the tables write it.
type row struct {
	name string
	set  set
	drop []string
	want wants
}

type (
	set   map[string]string
	wants []Mistake
)

// want is a single mistake. The key may omit the project's name.
func want(key, fragment string) wants { return wants{{Key: full(key), Fragment: fragment}} }

// and adds another mistake.
func (w wants) and(key, fragment string) wants { return append(w, want(key, fragment)...) }

func full(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return Project + ":" + key
}

// list is the value of the regions key. Each region is given as "name zone", with more fields as JSON after them.
func list(regions ...string) string {
	texts := make([]string, len(regions))
	for i, region := range regions {
		fields := strings.SplitN(region, " ", 3)
		texts[i] = `{"name":"` + fields[0] + `","zone":"` + fields[1] + `"`
		if len(fields) > 2 {
			texts[i] += "," + fields[2]
		}
		texts[i] += "}"
	}
	return "[" + strings.Join(texts, ",") + "]"
}

const (
	belgium   = "europe-west1 europe-west1-b"
	london    = "europe-west2 europe-west2-b"
	frankfurt = "europe-west3 europe-west3-b"
	eemshaven = "europe-west4 europe-west4-a"
	zurich    = "europe-west6 europe-west6-c"
)
