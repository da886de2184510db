#!/bin/bash
# Copies the site's files to the bucket, and then says that the backup is complete: files.sh
#
# Environment: BUCKET, REGION, SITE_URL and rclone's own.
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
printf '{"site": "%s", "taken": "%s", "from": "%s"}\n' "$SITE_URL" "$taken" "$REGION" |
	/work/rclone rcat ":gcs:$BUCKET/$name/complete"
echo "the backup $name is complete"
