package syncthing

import (
	"encoding/xml"

	"geo-wordpress/regions"
)

// configVersion is the version of the config format. Syncthing 1.19 to 2.1 read 36, and each rewrites it as its own (52 in
// 2.1.2).
const configVersion = 36

// FolderID is what all devices call the shared folder.
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

// render makes the config of one region's daemon. ids are all regions' device IDs by region name; peers are found by
// name, and strangers are not asked for, announced to or accepted.
func render(config *regions.Config, self regions.Region, ids map[string]string, apiKey string) (string, error) {
	c := configuration{
		Version: configVersion,
		Folder: folder{
			ID:    FolderID,
			Label: "wp-content",
			Path:  dataPath,
			Type:  "sendreceive",
			// The watcher sees what the NFS server writes; the scan is for what it misses. That was seen once, in a tree of
			// a thousand files just made: one stayed empty elsewhere. Later tries did not show it again, so that why is
			// not known. The scan looks at every file's size and time, not at its content.
			RescanIntervalS:  60,
			FSWatcherEnabled: true,
			// At once. Syncthing takes fractions and then drops them (time.Duration(FSWatcherDelayS) * time.Second, in
			// lib/watchaggregator of 1.29.5 and 2.1.2): anything below 1 is no delay, 1.5 is 1. This is the least it
			// accepts, so that it means the same where fractions count. An upload in progress may therefore be seen elsewhere as its beginning, as it may
			// with a delay when it pauses; each version is put in place whole, and the last one is the upload.
			FSWatcherDelayS: 0.01,
			AutoNormalize:   true,
			FilesystemType:  "basic",
			MinDiskFree:     diskFree{Unit: "%", Value: 1},
			PullerDelayS:    0, // 2.x waits a second by default; 1.x ignores it
			MaxConflicts:    10,
			MarkerName:      ".stfolder",
		},
		GUI: gui{Enabled: true, Address: guiAddress, APIKey: apiKey},
		Options: daemonOpts{
			ListenAddress:         listenAddress,
			UsageReporting:        -1, // declined
			ReconnectionIntervalS: 5,
		},
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
			// Stated, because it matters when a machine vanishes and comes back. With 3, in 1.29.5, the returned daemon's
			// connections were made and dropped for the two and a half minutes that were watched; with 1 they are refused
			// until the others give the dead one up (syncthing/syncthing#9337), which took longer than five minutes.
			NumConnections: 1,
		})
	}
	text, err := xml.MarshalIndent(c, "", "  ")
	return string(text) + "\n", err
}
