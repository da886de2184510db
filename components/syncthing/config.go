package syncthing

import (
	"encoding/xml"

	"geo-wordpress/config"
	"geo-wordpress/regions"
)

// configVersion is the version of the config format. Syncthing 1.19 to 2.1 read version 36, and each upgrades it to its
// own (52 in 2.1.2).
const configVersion = 36

// FolderID identifies the shared folder on all devices.
const FolderID = "wordpress"

// configuration is the part of Syncthing's config.xml that is not left at its default
// (https://docs.syncthing.net/users/config.html).
type configuration struct {
	XMLName xml.Name   `xml:"configuration"`
	Version int        `xml:"version,attr"`
	Folder  folder     `xml:"folder"`
	Devices []device   `xml:"device"`
	GUI     gui        `xml:"gui"`
	Options daemonOpts `xml:"options"`
}

type folder struct {
	ID               string         `xml:"id,attr"`
	Label            string         `xml:"label,attr"`
	Path             string         `xml:"path,attr"`
	Type             string         `xml:"type,attr"`
	RescanIntervalS  int            `xml:"rescanIntervalS,attr"`
	FSWatcherEnabled bool           `xml:"fsWatcherEnabled,attr"`
	FSWatcherDelayS  float64        `xml:"fsWatcherDelayS,attr"`
	IgnorePerms      bool           `xml:"ignorePerms,attr"`
	AutoNormalize    bool           `xml:"autoNormalize,attr"`
	FilesystemType   string         `xml:"filesystemType"`
	Devices          []folderDevice `xml:"device"`
	MinDiskFree      diskFree       `xml:"minDiskFree"`
	PullerDelayS     float64        `xml:"pullerDelayS"`
	MaxConflicts     int            `xml:"maxConflicts"`
	MarkerName       string         `xml:"markerName"`
	Versioning       *versioning    `xml:"versioning"`
}

type versioning struct {
	Type    string `xml:"type,attr"`
	Command param  `xml:"param"`
}

type param struct {
	Key   string `xml:"key,attr"`
	Value string `xml:"val,attr"`
}

type folderDevice struct {
	ID string `xml:"id,attr"`
}

type diskFree struct {
	Unit  string `xml:"unit,attr"`
	Value int    `xml:",chardata"`
}

type device struct {
	ID             string `xml:"id,attr"`
	Name           string `xml:"name,attr"`
	Compression    string `xml:"compression,attr"`
	Introducer     bool   `xml:"introducer,attr"`
	Address        string `xml:"address"`
	NumConnections int    `xml:"numConnections"`
}

type gui struct {
	Enabled bool   `xml:"enabled,attr"`
	TLS     bool   `xml:"tls,attr"`
	Address string `xml:"address"`
	APIKey  string `xml:"apikey"`
	// MetricsWithoutAuth serves /metrics, and nothing else, without the API key.
	MetricsWithoutAuth bool `xml:"metricsWithoutAuth,omitempty"`
}

type daemonOpts struct {
	ListenAddress         string `xml:"listenAddress"`
	GlobalAnnounceEnabled bool   `xml:"globalAnnounceEnabled"`
	LocalAnnounceEnabled  bool   `xml:"localAnnounceEnabled"`
	RelaysEnabled         bool   `xml:"relaysEnabled"`
	NATEnabled            bool   `xml:"natEnabled"`
	STUNServer            string `xml:"stunServer"`
	UsageReporting        int    `xml:"urAccepted"`
	AutoUpgradeIntervalH  int    `xml:"autoUpgradeIntervalH"`
	CrashReportingEnabled bool   `xml:"crashReportingEnabled"`
	StartBrowser          bool   `xml:"startBrowser"`
	ReconnectionIntervalS int    `xml:"reconnectionIntervalS"`
	SetLowPriority        bool   `xml:"setLowPriority"`
}

// render returns the config of one region's daemon. ids are all regions' device IDs by region name. Peers are found by
// DNS name; discovery, announcements and unknown devices are off.
func render(config *config.Config, self regions.Region, ids map[string]string, apiKey string) (string, error) {
	c := configuration{
		Version: configVersion,
		Folder: folder{
			ID:    FolderID,
			Label: "wp-content",
			Path:  dataPath,
			Type:  "sendreceive",
			// The watcher sees the NFS server's writes; the scan finds what the watcher misses. That happened once, in
			// a new tree of a thousand files: one stayed empty in another region. Later attempts did not reproduce it,
			// so the cause is unknown. The scan compares every file's size and time, not its content.
			RescanIntervalS:  60,
			FSWatcherEnabled: true,
			// No delay. Syncthing accepts fractions but truncates them (time.Duration(FSWatcherDelayS) * time.Second,
			// in lib/watchaggregator of 1.29.5 and 2.1.2): anything below 1 is no delay, 1.5 is 1. 0.01 is the minimum
			// it accepts, so it means the same where fractions count. Other regions may therefore see the beginning of
			// an upload in progress, as they may with a delay when the upload pauses. Each version is put in place
			// whole, and the last version is the whole upload.
			FSWatcherDelayS: 0.01,
			AutoNormalize:   true,
			FilesystemType:  "basic",
			MinDiskFree:     diskFree{Unit: "%", Value: 1},
			PullerDelayS:    0, // 2.x waits a second by default; 1.x ignores it
			MaxConflicts:    10,
			MarkerName:      ".stfolder",
		},
		GUI: gui{Enabled: true, Address: guiAddress, APIKey: apiKey, MetricsWithoutAuth: config.Monitoring != nil},
		Options: daemonOpts{
			ListenAddress:         listenAddress,
			UsageReporting:        -1, // declined
			ReconnectionIntervalS: 5,
		},
	}
	if config.History.FileDays > 0 {
		c.Folder.Versioning = &versioning{"external", param{"command", keepCommand}}
	}
	for _, region := range config.Regions {
		address := "dynamic" // itself
		if region.Name != self.Name {
			address = peerAddress(config, region)
		}
		c.Folder.Devices = append(c.Folder.Devices, folderDevice{ID: ids[region.Name]})
		c.Devices = append(c.Devices, device{
			ID:          ids[region.Name],
			Name:        region.Name,
			Compression: "metadata",
			Address:     address,
			// Set explicitly, because it matters when a node vanishes and comes back. With 3 (1.29.5), the returned
			// daemon's connections were opened and dropped throughout the two and a half minutes observed. With 1, the
			// peers refuse them until they give up the dead connection (syncthing/syncthing#9337), which took longer
			// than five minutes.
			NumConnections: 1,
		})
	}
	text, err := xml.MarshalIndent(c, "", "  ")
	return string(text) + "\n", err
}
