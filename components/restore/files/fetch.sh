#!/bin/sh
# Fetches the description of the backup, which only a complete one has, and keeps rclone for the files: fetch.sh
#
# Environment: BUCKET, BACKUP and rclone's own. Leaves in /work: complete (JSON) and rclone.
set -eu
[ ! -e /work/skip ] || exit 0
if ! rclone cat ":gcs:$BUCKET/$BACKUP/complete" >/work/complete || [ ! -s /work/complete ]; then
	echo "gs://$BUCKET/$BACKUP is not a complete backup: it has no object called complete, or cannot be read" >&2
	exit 1
fi
cp "$(command -v rclone)" /work/rclone
echo "restoring gs://$BUCKET/$BACKUP: $(cat /work/complete)"
