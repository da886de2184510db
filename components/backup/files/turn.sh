#!/bin/sh
# Decides whether this region takes the backup, and prepares it: turn.sh
#
# The regions begin together. Each waits for a complete backup of another, an hour longer than the one before it in the list,
# and while one before it is taking a backup, until that is four hours old; if there is a complete one, there is nothing to do.
# So a lost region costs no backup. If the bucket cannot be listed, this region backs up: two backups are better than none.
#
# Environment: BUCKET, REGION, REGIONS and rclone's own. Leaves in /work: name (of the backup to be taken, or nothing if none
# is) and rclone.
set -eu
patience=0
before= # the regions before this one, with | between them
for each in $REGIONS; do
	[ "$each" != "$REGION" ] || break
	patience=$((patience + 3600))
	before=$before${before:+|}$each
done
all=$(set -- $REGIONS; IFS='|'; echo "$*")
began=$(date +%s)
since=$((began - 900)) # the regions' clocks, and their pods' starts, may be that far apart

# stamp prints the beginning of the names of backups that begin at a time.
stamp() { date -u -d "@$1" +%Y-%m-%dT%H-%M-%SZ; }

# newest prints the newest of the listed objects with a name, of backups of some regions that were begun at a time or later.
# The bucket may hold others, such as movein's.
newest() {
	grep -E "^[0-9-]{10}T[0-9-]{8}Z-($1)/$2\$" /tmp/objects | awk -v since="$(stamp "$3")" '$0 >= since' | tail -n 1
}

while [ -n "$before" ]; do
	rclone lsf --recursive --files-only ":gcs:$BUCKET" >/tmp/objects || : >/tmp/objects
	now=$(date +%s)
	other=$(newest "$all" complete "$since")
	if [ -n "$other" ]; then
		echo "another region has taken a backup: ${other%/complete}"
		: >/work/name
		exit 0
	fi
	alive=$((now - 4 * 3600))
	[ "$alive" -ge "$since" ] || alive=$since
	if [ $((now - began)) -ge "$patience" ] && [ -z "$(newest "$before" '.*' "$alive")" ]; then
		break
	fi
	sleep 30
done
cp "$(command -v rclone)" /work/rclone
echo "$(date -u +%Y-%m-%dT%H-%M-%SZ)-$REGION" >/work/name
echo "this region takes the backup $(cat /work/name)"
