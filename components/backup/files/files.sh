#!/bin/bash
# Copies the site's files to the bucket, and then says that the backup is complete: files.sh
#
# Environment: BUCKET, REGION, SITE_URL, DATABASE_HOST (host:port), DATABASE_CA, DATABASE_USER, DATABASE_PASSWORD and rclone's
# own.
set -euo pipefail
name=$(cat /work/name)
[ -n "$name" ] || exit 0
taken=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# What is in the volume. The volume's own directory belongs to the file server.
cd /wp-content
set -- ./*
for hidden in ./.[!.]*; do
	[ ! -e "$hidden" ] || set -- "$@" "$hidden"
done

# archive fails only if it cannot go on: 1 means that a file has changed or vanished while it was read.
archive() {
	tar --create --gzip --anchored --exclude-from - --warning=no-file-changed "$@" <<-'END' || [ $? -eq 1 ]
		./cache
		./upgrade
		./upgrade-temp-backup
		./wflogs
		./debug.log
		./.st*
		./.nfs*
	END
}

archive "$@" | /work/rclone rcat ":gcs:$BUCKET/$name/files.tar.gz"
# By the number and size of its parts, a restore sees that one is missing.
parts=$(/work/rclone size --json --include '/{database/**,files.tar.gz}' ":gcs:$BUCKET/$name")
printf '{"site": "%s", "taken": "%s", "from": "%s", "parts": %s}\n' "$SITE_URL" "$taken" "$REGION" "$parts" |
	/work/rclone rcat ":gcs:$BUCKET/$name/complete"

# For the alert on a missing backup. A backup without the record is one all the same.
php -r '
	mysqli_report( MYSQLI_REPORT_OFF );
	[ $host, $port ] = explode( ":", getenv( "DATABASE_HOST" ), 2 );
	$db = mysqli_init();
	$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 10 );
	$db->ssl_set( null, null, getenv( "DATABASE_CA" ), null, null );
	exit( $db->real_connect( $host, getenv( "DATABASE_USER" ), getenv( "DATABASE_PASSWORD" ), "", (int) $port, null, MYSQLI_CLIENT_SSL )
		&& $db->query( "INSERT IGNORE INTO geo_wordpress.backups SELECT UTC_TIMESTAMP()" ) ? 0 : 1 );' ||
	echo "the backup is not recorded in the database: the alert on its age will come" >&2
echo "the backup $name is complete"
