#!/bin/sh
# Dumps the database to the bucket, as of one moment: database.sh
#
# Environment: BUCKET, DATABASE_HOST (host:port), DATABASE_CA, DATABASE_USER, DATABASE_PASSWORD, DATABASE_NAME.
#
# Dumpling takes the password from its arguments alone (dumpling/export/config.go, ParseFromFlags), so the machine's list of
# processes has it. Its user can read the site's tables and no more.
set -eu
name=$(cat /work/name)
[ -n "$name" ] || exit 0
# The record of a restore belongs to the stack that was restored.
exec /dumpling --host "${DATABASE_HOST%:*}" --port "${DATABASE_HOST##*:}" --user "$DATABASE_USER" --password "$DATABASE_PASSWORD" \
	--ca "$DATABASE_CA" \
	--filter "$DATABASE_NAME.*" --filter "!$DATABASE_NAME.geo_wordpress_restore" \
	--consistency snapshot --compress gzip --filesize 64MiB --rows 100000 --threads 2 --status-addr "" \
	--output "gs://$BUCKET/$name/database"
