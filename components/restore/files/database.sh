#!/bin/sh
# Loads the database from the backup, in the first region: database.sh
#
# Through SQL, so it needs no more rights than WordPress has. The database is empty: a row that is there already is an error.
#
# Environment: BUCKET, BACKUP, REGION, REGIONS, DATABASE_HOST (host:port), DATABASE_CA, DATABASE_USER, DATABASE_PASSWORD, DATABASE_NAME.
set -eu
[ ! -e /work/skip ] && [ ! -e /work/loaded ] && [ "${REGIONS%% *}" = "$REGION" ] || exit 0
umask 077
cat >/tmp/lightning.toml <<END
[lightning]
file = "-"
task-info-schema-name = "" # WordPress's user may create no database
table-concurrency = 2
region-concurrency = 2
check-requirements = false # they are about TiKV's disks

[tikv-importer]
backend = "tidb"
on-duplicate = "error"

[mydumper]
data-source-dir = "gs://$BUCKET/$BACKUP/database"
filter = ["$DATABASE_NAME.*"]

[tidb]
host = "${DATABASE_HOST%:*}"
port = ${DATABASE_HOST##*:}
user = "$DATABASE_USER"
password = "$DATABASE_PASSWORD"

[tidb.security]
ca-path = "$DATABASE_CA"

[checkpoint]
enable = false
END
exec /tidb-lightning --config /tmp/lightning.toml
