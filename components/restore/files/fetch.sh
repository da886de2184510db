#!/bin/sh
# Fetches the description of the backup, which only a complete one has, checks that no part of the backup is missing, and keeps
# rclone for the files: fetch.sh
#
# Environment: BUCKET, BACKUP and rclone's own. Leaves in /work: complete (JSON) and rclone.
set -eu
[ ! -e /work/skip ] || exit 0
if ! rclone cat ":gcs:$BUCKET/$BACKUP/complete" >/work/complete || [ ! -s /work/complete ]; then
	echo "gs://$BUCKET/$BACKUP is not a complete backup: it has no object called complete, or cannot be read" >&2
	exit 1
fi

# parts prints the number of the parts and their sum of bytes that a file states.
parts() { grep -Eo '"count": ?[0-9]+, ?"bytes": ?[0-9]+' "$1" | grep -Eo '[0-9]+' | tail -n 2; }

rclone size --json --include '/{database/**,files.tar.gz}' ":gcs:$BUCKET/$BACKUP" >/tmp/parts
want=$(parts /work/complete)
found=$(parts /tmp/parts)
if [ -z "$want" ]; then
	echo "gs://$BUCKET/$BACKUP/complete does not state the backup's parts: whether one is missing is not checked" >&2
elif [ "$want" != "$found" ]; then
	echo "gs://$BUCKET/$BACKUP is not a complete backup: of database/ and files.tar.gz it has" $found "(objects, bytes)," \
		"but complete states" $want". Restore another one, or upload what is missing" >&2
	exit 1
fi
cp "$(command -v rclone)" /work/rclone
echo "restoring gs://$BUCKET/$BACKUP: $(cat /work/complete)"
