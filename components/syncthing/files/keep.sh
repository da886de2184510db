# Syncthing runs this in place of replacing or deleting a file that another region has changed: keep.sh VERSIONS FOLDER FILE.
# It moves the file to VERSIONS/SECOND/FILE, where SECOND is the time in UTC, such as 20261127140300. Syncthing needs the
# file gone. It never waits for room: without room it deletes the file, as Syncthing would.
#
# Why not Syncthing's own versioning: Syncthing follows a write in progress, so one change may replace a file several times a
# second, and each of its versionings (2.1.2) then overwrites the version before the change with a half-written one. It also
# keeps a file in the region for as long as there is no room for its version.
set -eu
versions=$1 file=$2/$3
now=$(date +%s)
written=$(stat -c %Y "$file")
# A file of the last minute is probably still being written. (A time in the future says nothing about that.)
if [ "$written" -gt "$now" ] || [ "$written" -le $((now - 60)) ]; then
	kept=$versions/$(date -u -d "@$now" +%Y%m%d%H%M%S)/$3
	if [ -e "$kept" ]; then
		: # the first one of a second counts
	elif mkdir -p "${kept%/*}" && cp -p "$file" "$versions/.partial.$$"; then
		mv "$versions/.partial.$$" "$kept" # it appears whole: somebody may be putting files back
	else
		rm -f "$versions/.partial.$$" || true
	fi
	true >"$versions/.changed" || true # housekeeping measures again
fi
rm -f "$file"
