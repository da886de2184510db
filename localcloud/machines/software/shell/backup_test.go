package shell_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// gcs are rclone's settings.
var gcs = []string{"RCLONE_GCS_ENV_AUTH", "true", "RCLONE_GCS_BUCKET_POLICY_ONLY", "true"}

// run runs a script in an image's container with volumes of its own, and returns its exit code and what it logs.
func run(t *testing.T, w *softwaretest.World, image, text string, files *software.Filesystem, env ...string) (int, []string) {
	t.Helper()
	p := script(t, text, env...)
	p.Image = softwaretest.Image(t, image)
	p.Files = files
	host := w.Place("job", p)
	host.Logs = nil
	return w.WaitExit(host), host.Logs
}

func TestRclone(t *testing.T) {
	for text, want := range map[string]int{
		`echo -n abc | rclone rcat :gcs:backups/new; [ "$(rclone cat :gcs:backups/new)" = abc ]`:                                0,
		`rclone rcat --gcs-env-auth :gcs:backups/empty </dev/null`:                                                              0,
		`[ "$(rclone lsf --recursive --files-only --include '/*/complete' :gcs:backups)" = a/complete ]`:                        0,
		`[ "$(rclone size --json --include '/{dump/**,files.tar.gz}' :gcs:backups/a)" = '{"count":1,"bytes":4,"sizeless":0}' ]`: 0,
		`[ "$(rclone size --json :gcs:backups)" = '{"count":2,"bytes":8,"sizeless":0}' ]`:                                       0,
		`rclone size --json :gcs:nobodys`: 3,
		`[ "$(rclone lsf -R --files-only :gcs:backups/a | awk -v since=d '$0 >= since' | tail -n 1)" = dump/x ]`:                        0,
		`[ -z "$(rclone cat :gcs:backups/none)" ]`:                                                                                      0, // a directory without files
		`rclone copyto :gcs:backups/a/complete /data/x; rclone copyto /data/x :gcs:backups/y; rclone cat :gcs:backups/y | grep -q done`: 0,
		`cp "$(command -v rclone)" /data/rclone; /data/rclone cat :gcs:backups/a/complete | grep -q done`:                               0,
		`rclone lsf -R --files-only :gcs:nobodys`:                                                                                       3,
		`rclone rcat :s3:backups/x`:                                          1,
		`rclone sync /data :gcs:backups`:                                     1, // without a model
		`rclone lsf -R --files-only --max-age 1d :gcs:backups`:               1,
		`RCLONE_GCS_ENV_AUTH= rclone cat :gcs:backups/a/complete`:            1,
		`echo x | RCLONE_GCS_BUCKET_POLICY_ONLY= rclone rcat :gcs:backups/x`: 1,
		`[ $(($(date -u -d @900 +%s) - 900)) = 0 ] && [ "$(date -u -d @900 +%Y-%m-%dT%H-%M-%SZ)" = 1970-01-01T00-15-00Z ]`: 0,
		`began=$(date +%s); sleep 30; [ $(($(date +%s) - began)) -ge 30 ]`:                                                 0, // at the container's pace
	} {
		w := softwaretest.New(t)
		buckets := w.Google("backups")
		buckets.Objects["backups/a/complete"], buckets.Objects["backups/a/dump/x"] = []byte("done"), []byte("dump")
		code, logs := run(t, w, "rclone/rclone:1.71.0", text, softwaretest.Disk("/data"), gcs...)
		assert.Equal(t, want, code, "%s: %v", text, logs)
	}
}

func TestProgramsAreInTheirImages(t *testing.T) {
	w := softwaretest.New(t)
	w.Google("backups")
	for _, text := range []string{`rclone cat :gcs:backups/x`, `command -v rclone`, `/dumpling -o gs://backups/x`, `/data/rclone cat :gcs:backups/x`} {
		code, _ := run(t, w, "busybox:1.37.0", text, softwaretest.Disk("/data"), gcs...)
		assert.NotZero(t, code, text)
	}
}

func TestRcloneSaysWhatGoogleAnswers(t *testing.T) {
	w := softwaretest.New(t)
	buckets := w.Google("backups")
	buckets.Denied = errors.New("googleapi: Error 403: Unable to generate access token; IAM returned 403 Forbidden, forbidden")
	code, logs := run(t, w, "rclone/rclone:1.71.0", `echo x | rclone rcat :gcs:backups/x`, softwaretest.Disk("/data"), gcs...)
	assert.NotZero(t, code)
	require.Len(t, logs, 1)
	assert.Contains(t, logs[0], "cannot fetch token: googleapi: Error 403: Unable to generate access token")

	buckets.Denied = nil
	w.Cut = func(_, to string, _ int) bool { return to == "storage.googleapis.com" }
	code, logs = run(t, w, "rclone/rclone:1.71.0", `echo x | rclone rcat :gcs:backups/x`, softwaretest.Disk("/data"), gcs...)
	assert.NotZero(t, code)
	assert.Contains(t, logs[0], "i/o timeout")
}

// The database and the files go to a bucket, and from there to another stack.
func TestBackUpAndRestore(t *testing.T) {
	w := regional(t, 3)
	w.Place("tidb", softwaretest.TiDB(t, 3))
	w.Pass(time.Minute)
	buckets := w.Google("backups")
	const dump = `/dumpling --host tidb --port 4000 --user reader --password "$PASSWORD" --filter "wordpress.*" --compress gzip ` +
		`--output "gs://backups/$NAME/database"`
	back := func(name string) {
		t.Helper()
		code, logs := run(t, w, "pingcap/dumpling:v8.5.0", "exec "+dump, softwaretest.Disk("/data"), "NAME", name, "PASSWORD", "p")
		require.Zero(t, code, logs)
	}
	back("empty")
	require.NotContains(t, buckets.Names("backups"), "empty/database/wordpress.wp_options.000000000.sql")
	p := script(t, `echo '<?php wp_install(' >/data/x.php; php /data/x.php`, "WORDPRESS_DB_HOST", "tidb:4000")
	require.Zero(t, w.WaitExit(w.Place("install", p)))
	back("full")
	require.Subset(t, buckets.Names("backups"), []string{"full/database/metadata", "full/database/wordpress.wp_options.000000000.sql"})

	files := softwaretest.Disk("/wp-content")
	code, logs := run(t, w, "rclone/rclone:1.71.0", `cd /wp-content; mkdir -p uploads/2026 cache .st; echo a >uploads/2026/a; echo b >cache/b; echo c >.st/c
		tar --create --gzip --directory /wp-content --anchored --exclude-from - --warning=no-file-changed ./* ./.s* <<-'END' | rclone rcat :gcs:backups/full/files.tar.gz
			./cache
			./.s*
		END`, files, gcs...)
	require.Zero(t, code, logs)
	restored := softwaretest.Disk("/wp-content")
	code, logs = run(t, w, "rclone/rclone:1.71.0", `rclone cat :gcs:backups/full/files.tar.gz | tar --extract --gzip --directory /wp-content --no-same-owner
		[ "$(cat /wp-content/uploads/2026/a)" = a ]; [ "$(echo /wp-content/*)" = /wp-content/uploads ]; [ ! -e /wp-content/.st ]`, restored, gcs...)
	require.Zero(t, code, logs)

	other := regional(t, 3)
	other.Place("tidb", softwaretest.TiDB(t, 3))
	other.Pass(time.Minute)
	other.Google("backups").Objects = buckets.Objects
	load := func(name string) (int, []string) {
		return run(t, other, "pingcap/tidb-lightning:v8.5.0", `cat >/tmp/lightning.toml <<END
[mydumper]
data-source-dir = "gs://backups/$NAME/database"
[tidb]
host = "tidb"
port = 4000
END
exec /tidb-lightning --config /tmp/lightning.toml`, softwaretest.Disk("/data"), "NAME", name)
	}
	code, _ = load("none")
	require.NotZero(t, code, "there is no such backup")
	for n, name := range []string{"empty", "full"} {
		code, logs = load(name)
		require.Zero(t, code, logs)
		require.Equal(t, n == 1, installed(t, other), name)
	}

	w.Kill("pd0", "pd1", "pd2")
	w.Pass(time.Minute)
	code, logs = run(t, w, "pingcap/dumpling:v8.5.0", "exec "+dump, softwaretest.Disk("/data"), "NAME", "late", "PASSWORD", "p")
	require.NotZero(t, code, "without a database: %v", logs)
}

// installed says whether a world's database has a site.
func installed(t *testing.T, w *softwaretest.World) bool {
	t.Helper()
	return database.Installed(w.View(w.Hosts["job"]), software.HostPort{Host: "tidb", Port: 4000})
}
