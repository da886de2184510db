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
	// container runs a script of a component in an image, with a region's work directory. It returns what it logs, and its code.
	container := func(work *software.Volume, image, component, name, region string) (string, int) {
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
		code := w.WaitExit(host)
		return strings.Join(host.Logs, "\n"), code
	}
	succeeds := func(work *software.Volume, image, component, name, region string) {
		t.Helper()
		logs, code := container(work, image, component, name, region)
		require.Zero(t, code, "%s of %s: %s", name, region, logs)
	}
	const rclone, wordpress = "rclone/rclone:1", "wordpress:7.1.0-php8.3-apache"
	// A backup of another kind, and one of another stack's region, count for nothing.
	for _, other := range []string{"my-site", "9999-11-27T03-00-05Z-r9"} {
		buckets.Objects["backups/"+other+"/complete"] = []byte("{}")
	}
	alone := software.NewVolume(software.Empty, nil)
	succeeds(alone, rclone, "backup", "turn.sh", "r2")
	name, _ := alone.Read("name")
	require.True(t, strings.HasSuffix(string(name), "-r2\n"), "r2 takes no backup, although r1 does not: %q", name)
	delete(buckets.Objects, "backups/my-site/complete")
	delete(buckets.Objects, "backups/9999-11-27T03-00-05Z-r9/complete")

	for _, region := range []string{"r1", "r2"} {
		work := software.NewVolume(software.Empty, nil)
		succeeds(work, rclone, "backup", "turn.sh", region)
		succeeds(work, "pingcap/dumpling:v8", "backup", "database.sh", region)
		succeeds(work, wordpress, "backup", "files.sh", region)
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
	succeeds(work, rclone, "restore", "fetch.sh", "r1")
	succeeds(work, "pingcap/tidb-lightning:v8", "restore", "database.sh", "r1")
	succeeds(work, wordpress, "restore", "files.sh", "r1")

	// A part that is missing is noticed. A backup of earlier, which does not state its parts, passes.
	files := "backups/" + backup + "/files.tar.gz"
	content := buckets.Objects[files]
	delete(buckets.Objects, files)
	logs, code := container(software.NewVolume(software.Empty, nil), rclone, "restore", "fetch.sh", "r1")
	require.NotZero(t, code, "a part is missing")
	require.Contains(t, logs, "is not a complete backup: of database/ and files.tar.gz it has")
	buckets.Objects[files] = content[1:]
	_, code = container(software.NewVolume(software.Empty, nil), rclone, "restore", "fetch.sh", "r1")
	require.NotZero(t, code, "a part is cut off")
	buckets.Objects["backups/"+backup+"/complete"] = []byte(`{"site": "http://x"}`)
	logs, code = container(software.NewVolume(software.Empty, nil), rclone, "restore", "fetch.sh", "r1")
	require.Zero(t, code, logs)
	require.Contains(t, logs, "does not state the backup's parts")
}

// A region waits for one before it whose backup has begun, but not for ever.
func TestDeclaredTurn(t *testing.T) {
	text, err := os.ReadFile("../../../../components/backup/files/turn.sh")
	require.NoError(t, err)
	const form = "2006-01-02T15-04-05Z"
	for name, c := range map[string]struct {
		region string
		age    time.Duration
		object string
		takes  time.Duration // its backup, after this time
	}{
		"the first":                    {"r1", 0, "r1/complete", 0},
		"nobody backs up":              {"r2", 0, "", time.Hour},
		"another does not end":         {"r2", 0, "r1/database/x", 4 * time.Hour},
		"another did so earlier":       {"r2", time.Hour, "r1/database/x", time.Hour},
		"it has failed itself":         {"r2", 0, "r2/database/x", time.Hour},
		"a later one has begun":        {"r2", 0, "r3/database/x", time.Hour},
		"the second does not end":      {"r3", 0, "r2/database/x", 4 * time.Hour},
		"another has taken one before": {"r2", time.Hour, "r1/complete", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := softwaretest.New(t)
			began := time.Now().UTC()
			w.Google("backups").Objects["backups/"+began.Add(-c.age).Format(form)+"-"+c.object] = nil
			p := script(t, strings.ReplaceAll(string(text), "/work/", "/data/"),
				append([]string{"BUCKET", "backups", "REGION", c.region, "REGIONS", "r1 r2 r3"}, gcs...)...)
			p.Image, p.Files, p.Pace = softwaretest.Image(t, "rclone/rclone:1"), softwaretest.Disk("/data"), 1000
			host := w.Place("job", p)
			require.Zero(t, w.WaitExit(host), host.Logs)
			backup, err := p.Files.Read("/data/name")
			require.NoError(t, err)
			at, err := time.Parse(form, strings.TrimSuffix(string(backup), "-"+c.region+"\n"))
			require.NoError(t, err)
			waited := at.Sub(began)
			require.True(t, waited > c.takes-time.Minute && waited < c.takes+50*time.Minute, "it waited %s", waited)
		})
	}
}
