package softwaretest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
)

// Regions starts the first pds of three PDs, and the first tikvs of three TiKV stores.
func (w *World) Regions(pds, tikvs int) {
	for n := range pds {
		w.Place(fmt.Sprintf("pd%d", n), PD(w.t, n, 3))
	}
	for n := range tikvs {
		w.Place(fmt.Sprintf("tikv%d", n), TiKV(w.t, n, 3))
	}
	w.Pass(10 * time.Second)
}

// Image parses an image reference.
func Image(t *testing.T, name string) software.Image {
	i, err := software.ParseImage(name)
	require.NoError(t, err)
	return i
}

// Capabilities returns a set.
func Capabilities(names ...string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

// Disk returns a file system with a disk mounted at a path.
func Disk(at string) *software.Filesystem {
	return &software.Filesystem{Mounts: []software.Mount{{Path: at, Volume: software.NewVolume(software.Disk, nil)}}}
}

// With mounts configuration files at a path.
func With(f *software.Filesystem, at string, files map[string]string) *software.Filesystem {
	content := map[string][]byte{}
	for name, text := range files {
		content[name] = []byte(text)
	}
	f.Mounts = append(f.Mounts, software.Mount{Path: at, Volume: software.NewVolume(software.Config, content), ReadOnly: true})
	return f
}

// PD returns member n of a PD cluster.
func PD(t *testing.T, n, members int) software.Process {
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("m%d=http://pd%d:2380", i, i))
	}
	return software.Process{Image: Image(t, "pingcap/pd:v8.5.7"), Args: []string{
		fmt.Sprintf("--name=m%d", n), "--data-dir=/data", "--client-urls=http://0.0.0.0:2379", "--peer-urls=http://0.0.0.0:2380",
		fmt.Sprintf("--advertise-client-urls=http://pd%d:2379", n), fmt.Sprintf("--advertise-peer-urls=http://pd%d:2380", n),
		"--initial-cluster=" + strings.Join(list, ","),
	}}
}

// PDList returns the addresses of a cluster's members.
func PDList(members int) string {
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("pd%d:2379", i))
	}
	return strings.Join(list, ",")
}

// TiKV returns store n of such a cluster.
func TiKV(t *testing.T, n, members int) software.Process {
	return software.Process{Image: Image(t, "pingcap/tikv:v8.5.7"), Args: []string{
		"--addr=0.0.0.0:20160", fmt.Sprintf("--advertise-addr=tikv%d:20160", n), "--status-addr=0.0.0.0:20180",
		"--pd=" + PDList(members), "--data-dir=/data", fmt.Sprintf("--labels=region=r%[1]d,zone=r%[1]d", n),
	}}
}

// TiDB returns a server of such a cluster.
func TiDB(t *testing.T, members int, more ...string) software.Process {
	return software.Process{Image: Image(t, "pingcap/tidb:v8.5.7"), Args: append([]string{
		"--store=tikv", "--path=" + PDList(members), "--host=0.0.0.0",
	}, more...)}
}

// WordPress returns a web server with a page, /check.php, that checks the database at tidb:4000.
func WordPress(t *testing.T) software.Process {
	files := Disk("/var/www/html/wp-content")
	files.Mounts = append(files.Mounts, software.Mount{Path: "/var/www/html/check.php", Sub: "check.php",
		Volume: software.NewVolume(software.Config, map[string][]byte{"check.php": []byte("<?php")})})
	return software.Process{Image: Image(t, "wordpress:7.1.0-php8.3-apache"), Env: map[string]string{"WORDPRESS_DB_HOST": "tidb:4000"}, Files: files}
}

// Health returns the health page's web server with its declared files.
func Health(t *testing.T) software.Process {
	read := func(name string) *software.Volume {
		return software.NewVolume(software.Config, map[string][]byte{name: Declared(t, "wordpress/files/"+name)})
	}
	return software.Process{
		Image:   Image(t, "wordpress:7.1.0-php8.3-apache"),
		Command: []string{"apache2-foreground", "-f", "/etc/geo-wordpress/health.conf"}, // what the declared shell executes
		Env:     map[string]string{"WORDPRESS_DB_HOST": "tidb:4000", "REGION": "r0"},
		User:    33,
		Files: &software.Filesystem{ReadOnly: true, Mounts: []software.Mount{
			{Path: "/etc/geo-wordpress/health.conf", Sub: "health.conf.tmpl", Volume: read("health.conf.tmpl")},
			{Path: "/etc/geo-wordpress/health/healthz.php", Sub: "healthz.php", Volume: read("healthz.php")},
			{Path: "/etc/geo-wordpress/health/leaderz.php", Sub: "leaderz.php", Volume: read("leaderz.php")},
			{Path: "/run/apache2", Volume: software.NewVolume(software.Empty, nil)},
			{Path: "/tmp", Volume: software.NewVolume(software.Empty, nil)},
			{Path: "/wp-content", Volume: software.NewVolume(software.NFS, nil), ReadOnly: true},
		}},
	}
}

// Declared returns a file of the program's components.
func Declared(t *testing.T, name string) []byte {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	content, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../../../components", name))
	require.NoError(t, err)
	return content
}
