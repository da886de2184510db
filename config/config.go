// Package config is the configuration of a stack, with every check that is possible before a resource is registered.
package config

import (
	"net/netip"

	"geo-wordpress/regions"
	"geo-wordpress/shield"
	"geo-wordpress/sizing"
)

// Config is the whole configuration of a stack, validated: a value of this type always describes a system that can be
// deployed. Pulumi.yaml declares each key with its type, its meaning and its default.
type Config struct {
	Project string // Google Cloud project, gcp:project
	Regions []regions.Region

	// AuthorizedNetworks may reach the clusters' control planes.
	AuthorizedNetworks []netip.Prefix
	// ApplicationDefaultCredentials makes the kubeconfigs authenticate as Pulumi itself does, not as gcloud does.
	ApplicationDefaultCredentials bool
	// ManageServices makes the stack enable the Google APIs it needs.
	ManageServices bool
	// DeletionProtection guards the clusters, ProtectData the disks, against a destroy.
	DeletionProtection, ProtectData bool

	Images   Images
	Disks    Disks
	Replicas sizing.Replicas
	// Growth is how far the regions grow by themselves beyond Replicas and their machines.
	Growth sizing.Growth
	// TolerateMachineLoss makes the capacity check count one machine fewer.
	TolerateMachineLoss bool

	Namespaces Namespaces

	// VisitorStaleness is how old, in seconds, the data of a visitor's page may be, so that the region's own replicas can
	// serve it; 0 makes every page read the newest data.
	VisitorStaleness int
	// PrimaryRegion is the name of the region that holds the database's leaders and serves what writes; empty for none.
	PrimaryRegion string
	// CDN makes Cloud CDN keep visitors' pages and static files.
	CDN     bool
	History History
	// Shield, when set, limits what one client address may send. XMLRPC opens xmlrpc.php. InstallFrom, unless empty, are the
	// only ranges that reach WordPress's installation page.
	Shield      *shield.Limits
	XMLRPC      bool
	InstallFrom []netip.Prefix
	// Domain is the site's public DNS name, served by HTTPS; empty serves plain HTTP on the load balancer's address.
	Domain string
	// Aliases are further names, which redirect to the domain.
	Aliases []string
	// DNSZone is the name of the Cloud DNS zone in which the stack sets the records of these names; empty leaves them to the
	// operator.
	DNSZone string
	// IPv6 gives the load balancer an IPv6 address too.
	IPv6 bool
	// HSTSSeconds is for how long browsers use nothing but HTTPS after a visit; 0 does not ask for it.
	HSTSSeconds int
	// Site, when set, is installed by the stack; without it the address leads to WordPress's installation page.
	Site *Site

	// Backup, when set, is when and where the site is backed up. Restore, when set, is what the site is made from.
	Backup  *Backup
	Restore *Restore
	// Mail, when set, is how WordPress sends mail; without it, WordPress sends none.
	Mail *Mail
	// Staging makes the site a copy of another one, which sends no mail and which no search engine lists.
	Staging bool
	// Monitoring, when set, is who is alerted; without it, nothing is watched.
	Monitoring *Monitoring
}

// Images are the container images, each with a tag or a digest.
type Images struct {
	PD, TiKV, TiDB, NFS, WordPress, Syncthing string
	// Tools is a BusyBox image, for the init containers.
	Tools string
	// Dumpling dumps the database for a backup, Lightning loads the dump, Rclone copies objects.
	Dumpling, Lightning, Rclone string
	// WPCLI is an image with WP-CLI at /usr/local/bin/wp.
	WPCLI string
}

// Disks are sizes in GiB. PD, TiKV and Files are one persistent disk each per region; Boot is every machine's own.
type Disks struct {
	PD, TiKV, Files, Boot int
}

// Namespaces of a cluster, by what lives in them.
type Namespaces struct {
	Database  string // PD, TiKV, TiDB
	Files     string // the NFS server and Syncthing, which share a disk
	WordPress string
}

// Site is the input of WordPress's installer.
type Site struct {
	Title, AdminUser, AdminEmail string
}
