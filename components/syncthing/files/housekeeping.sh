# Every minute: resets Syncthing's watcher, and deletes the oldest versions of files.
#
# Environment: FOLDER; VERSIONS, with a directory for each second in which keep.sh kept files; DAYS, their greatest age; SHARE:
# they take at most one part of so many of the disk. They also make room when less than a twentieth of it is free: the site's
# own files need it.
trap "exit 0" TERM
used=
while :; do
	sleep 60 & wait $!
	touch -c "$FOLDER" # -c: do not create a missing folder
	if [ -n "${METRICS:-}" ]; then figures; fi
	oldest=$(date -u -d "@$(($(date +%s) - DAYS * 86400))" +%Y%m%d%H%M%S)
	if [ -z "$used" ] || [ -e "$VERSIONS/.changed" ]; then
		rm -f "$VERSIONS/.changed"
		set -- $(du -sk "$VERSIONS")
		used=$1
	fi
	# The last line's fields: the device, its size, what is used, what is free.
	set -- $(df -Pk "$VERSIONS" | tail -n 1)
	limit=$(($2 / SHARE)) spare=$(($4 - $2 / 20))
	for second in "$VERSIONS"/[0-9]*; do # the oldest first
		[ -d "$second" ] || break # there are none
		if [ "${second##*/}" -ge "$oldest" ] && [ "$used" -le "$limit" ] && [ "$spare" -ge 0 ]; then break; fi
		set -- $(du -sk "$second")
		rm -rf "$second"
		used=$((used - $1)) spare=$((spare + $1))
	done
done
