package syncthing

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/regions"

	"pgregory.net/rapid"
)

// written is the rendered file as Syncthing reads it, with the field names of its documentation, not the program's
// types.
type written struct {
	XMLName xml.Name `xml:"configuration"`
	Version int      `xml:"version,attr"`
	Folders []struct {
		ID               string  `xml:"id,attr"`
		Path             string  `xml:"path,attr"`
		Type             string  `xml:"type,attr"`
		FSWatcherEnabled bool    `xml:"fsWatcherEnabled,attr"`
		RescanIntervalS  int     `xml:"rescanIntervalS,attr"`
		FSWatcherDelayS  float64 `xml:"fsWatcherDelayS,attr"`
		IgnorePerms      bool    `xml:"ignorePerms,attr"`
		MarkerName       string  `xml:"markerName"`
		Devices          []struct {
			ID string `xml:"id,attr"`
		} `xml:"device"`
	} `xml:"folder"`
	Devices []struct {
		ID         string   `xml:"id,attr"`
		Name       string   `xml:"name,attr"`
		Introducer bool     `xml:"introducer,attr"`
		Addresses  []string `xml:"address"`
	} `xml:"device"`
	GUI struct {
		Enabled bool   `xml:"enabled,attr"`
		Address string `xml:"address"`
		APIKey  string `xml:"apikey"`
	} `xml:"gui"`
	Options struct {
		Listen  []string `xml:"listenAddress"`
		Scalars []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"options"`
}

func rendered(t rapid.TB, config *config.Config, self regions.Region) written {
	t.Helper()
	ids := map[string]string{}
	for _, region := range config.Regions {
		ids[region.Name] = "ID-OF-" + region.Name
	}
	text, err := render(config, self, ids, "key<&>'\"")
	if err != nil {
		t.Fatal(err)
	}
	var file written
	if err := xml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return file
}

// Every region knows the same devices, itself and its peers, and reaches the peers by name.
func TestConfigKnowsExactlyThePeers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config, err := config.Load(configtest.ValidConfig(t), configtest.Project)
		if err != nil {
			t.Fatal(err)
		}
		self := rapid.SampledFrom(config.Regions).Draw(t, "self")
		file := rendered(t, config, self)
		if len(file.Devices) != len(config.Regions) || len(file.Folders) != 1 || len(file.Folders[0].Devices) != len(config.Regions) {
			t.Fatalf("%d devices, %d folders, for %d regions", len(file.Devices), len(file.Folders), len(config.Regions))
		}
		for i, region := range config.Regions {
			want := fmt.Sprintf("tcp://syncthing.%s.svc.%s:22000", config.Namespaces.Files, region.DNSDomain)
			if region.Name == self.Name {
				want = "dynamic"
			}
			d := file.Devices[i]
			if d.ID != "ID-OF-"+region.Name || d.Name != region.Name || d.Introducer || len(d.Addresses) != 1 || d.Addresses[0] != want {
				t.Errorf("%s knows %s as %+v, want it at %s", self.Name, region.Name, d, want)
			}
			if shares := file.Folders[0].Devices[i].ID; shares != d.ID {
				t.Errorf("%s shares with %s, want %s", self.Name, shares, d.ID)
			}
		}
		if file.GUI.APIKey != "key<&>'\"" {
			t.Errorf("the API key is %q", file.GUI.APIKey)
		}
	})
}

// Nothing leaves the VPC: no discovery, relays or reporting.
func TestConfigAsksNoStranger(t *testing.T) {
	config, err := config.Load(configtest.Committed(t), configtest.Project)
	if err != nil {
		t.Fatal(err)
	}
	file := rendered(t, config, config.Regions[0])
	want := map[string]string{
		"globalAnnounceEnabled": "false", "localAnnounceEnabled": "false", "relaysEnabled": "false",
		"natEnabled": "false", "stunServer": "", "urAccepted": "-1", "crashReportingEnabled": "false",
		"autoUpgradeIntervalH": "0", "startBrowser": "false",
	}
	got := map[string]string{}
	for _, option := range file.Options.Scalars {
		got[option.XMLName.Local] = option.Value
	}
	for name, value := range want {
		// The default of each contacts somebody outside, so omitting one is an error too.
		if actual, ok := got[name]; !ok || actual != value {
			t.Errorf("%s is %q (set: %v), want %q", name, actual, ok, value)
		}
	}
	if len(file.Options.Listen) != 1 || file.Options.Listen[0] != "tcp://0.0.0.0:22000" {
		t.Errorf("it listens on %v, and its default adds relays and QUIC", file.Options.Listen)
	}
	if !strings.HasPrefix(file.GUI.Address, "127.0.0.1:") {
		t.Errorf("the GUI is on %s", file.GUI.Address)
	}
}

func TestConfigKeepsTheFolderSafe(t *testing.T) {
	config, err := config.Load(configtest.Committed(t), configtest.Project)
	if err != nil {
		t.Fatal(err)
	}
	file := rendered(t, config, config.Regions[0])
	f := file.Folders[0]
	// Older daemons refuse a version above 36; a version below loses settings.
	if file.Version != 36 || f.Path != dataPath || f.Type != "sendreceive" || !f.FSWatcherEnabled || f.IgnorePerms {
		t.Errorf("version %d with the folder %+v", file.Version, f)
	}
	// Syncthing truncates fractions, so a delay is 0.01 or a whole number. 0 would switch the watcher off.
	if d := f.FSWatcherDelayS; d != 0.01 && (d < 1 || d != float64(int(d))) {
		t.Errorf("the watcher's delay of %v s is not what Syncthing makes of it", d)
	}
	// A file that the watcher missed stays truncated in the other regions until the next scan.
	if f.RescanIntervalS < 1 || f.RescanIntervalS > 60 {
		t.Errorf("the folder is scanned every %d s", f.RescanIntervalS)
	}
	if f.MarkerName != ".stfolder" {
		t.Errorf("the folder's marker is %q: without one, an unmounted disk is an empty folder", f.MarkerName)
	}
}

// Ignored files are not synchronised: too wide a pattern would keep content from the other regions.
func TestIgnorePatternsAreOfCachesOnly(t *testing.T) {
	for line := range strings.Lines(ignorePatterns) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		pattern, deletable := strings.CutPrefix(line, "(?d)")
		for _, content := range []string{"/uploads", "/plugins", "/themes", "/languages", "/mu-plugins"} {
			if pattern == "*" || pattern == "**" || strings.HasPrefix(content, strings.TrimRight(pattern, "*")) {
				t.Errorf("%s keeps %s from the other regions", line, content)
			}
		}
		if !deletable {
			t.Errorf("%s keeps its directory from being deleted", line)
		}
	}
}
