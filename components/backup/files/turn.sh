#!/bin/sh
# Decides whether this region takes the backup, and prepares it: turn.sh
#
# The regions begin together. Each waits for a complete backup of another, an hour longer than the one before it in the list;
# if there is one, there is nothing to do. So a lost region costs no backup. If the bucket cannot be listed, this region backs
# up: two backups are better than none.
#
# Environment: BUCKET, REGION, REGIONS and rclone's own. Leaves in /work: name (of the backup to be taken, or nothing if none
# is) and rclone.
set -eu
patience=0
for each in $REGIONS; do
	[ "$each" != "$REGION" ] || break
	patience=$((patience + 3600))
done
began=$(date +%s)
since=$(date -u -d "@$((began - 900))" +%Y-%m-%dT%H-%M-%SZ)

# taken prints the newest complete backup that was begun when this one was, or later.
taken() {
	rclone lsf --recursive --files-only --include '/*/complete' ":gcs:$BUCKET" | awk -v since="$since" '$0 >= since' | tail -n 1
}

while [ $(($(date +%s) - began)) -lt "$patience" ]; do
	if other=$(taken) && [ -n "$other" ]; then
		echo "another region has taken a backup: ${other%/complete}"
		: >/work/name
		exit 0
	fi
	sleep 30
done
cp "$(command -v rclone)" /work/rclone
echo "$(date -u +%Y-%m-%dT%H-%M-%SZ)-$REGION" >/work/name
echo "this region takes the backup $(cat /work/name)"
