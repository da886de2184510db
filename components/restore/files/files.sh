#!/bin/bash
# Unpacks the backup's files into the region's volume: files.sh
#
# Environment: BUCKET, BACKUP and rclone's own.
set -euo pipefail
[ ! -e /work/skip ] || exit 0
/work/rclone cat ":gcs:$BUCKET/$BACKUP/files.tar.gz" |
	tar --extract --gzip --directory /wp-content --no-same-owner
echo "the files are restored"
