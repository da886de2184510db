package shell_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// The declared scripts take one backup of two regions, and restore it.
func TestDeclaredBackup(t *testing.T) {
	w := regional(t, 3)
	certificate := softwaretest.NewAuthority(t).Files("database", time.Now().Add(time.Hour), "tidb")
	tidb := softwaretest.TiDB(t, 3, "--config=/etc/tidb/tidb.toml")
	tidb.Files = softwaretest.With(softwaretest.With(softwaretest.Disk("/data"), "/tls", certificate), "/etc/tidb", map[string]string{
		"tidb.toml": "[security]\nssl-cert = \"/tls/tls.crt\"\nssl-key = \"/tls/tls.key\"\n" +
			"cluster-ssl-ca = \"/etc/database-tls/ca.crt\"\ncluster-ssl-cert = \"/etc/database-tls/tls.crt\"\ncluster-ssl-key = \"/etc/database-tls/tls.key\"\n"})
	w.Place("tidb", tidb)
	w.Pass(time.Minute)
	buckets := w.Google("backups")
	backup := ""
	// container runs a script of a component in an image, with a region's work directory.
	container := func(work *software.Volume, image, component, name, region string) {
		t.Helper()
		text, err := os.ReadFile("../../../../components/" + component + "/files/" + name)
		require.NoError(t, err)
		p := script(t, "", append([]string{"BUCKET", "backups", "BACKUP", backup, "REGION", region, "REGIONS", "r1 r2", "SITE_URL", "http://x",
			"DATABASE_HOST", "tidb:4000", "DATABASE_CA", "/scripts/ca.crt", "DATABASE_USER", "reader", "DATABASE_PASSWORD", "p", "DATABASE_NAME", "wordpress"}, gcs...)...)
		p.Image, p.Command = softwaretest.Image(t, image), []string{"sh", "/scripts/" + name}
		files := software.NewVolume(software.NFS, nil)
		files.Opaque = true
		p.Files = &software.Filesystem{ReadOnly: true, Mounts: []software.Mount{
			{Path: "/work", Volume: work}, {Path: "/tmp", Volume: software.NewVolume(software.Empty, nil)},
			{Path: "/wp-content", Volume: files, ReadOnly: component == "backup"},
			{Path: "/scripts", Volume: software.NewVolume(software.Config, map[string][]byte{name: text, "ca.crt": []byte(certificate["ca.crt"])})},
		}}
		host := w.Place("job", p)
		host.Logs = nil
		require.Zero(t, w.WaitExit(host), "%s of %s: %v", name, region, host.Logs)
	}
	const rclone, wordpress = "rclone/rclone:1", "wordpress:7.1.0-php8.3-apache"
	for _, region := range []string{"r1", "r2"} {
		work := software.NewVolume(software.Empty, nil)
		container(work, rclone, "backup", "turn.sh", region)
		container(work, "pingcap/dumpling:v8", "backup", "database.sh", region)
		container(work, wordpress, "backup", "files.sh", region)
	}
	var complete []string
	for _, name := range buckets.Names("backups") {
		if found, is := strings.CutSuffix(name, "/complete"); is {
			complete = append(complete, found)
		}
	}
	require.Len(t, complete, 1, "each region has taken a backup, or none has")
	require.True(t, strings.HasSuffix(complete[0], "-r1"), complete)
	require.Contains(t, buckets.Names("backups"), complete[0]+"/files.tar.gz")
	backup = complete[0]
	work := software.NewVolume(software.Empty, nil)
	container(work, rclone, "restore", "fetch.sh", "r1")
	container(work, "pingcap/tidb-lightning:v8", "restore", "database.sh", "r1")
	container(work, wordpress, "restore", "files.sh", "r1")
}
