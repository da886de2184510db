# Puts files back as they were at a moment, in a region that has versions of them:
#
#   undo.sh list SECOND [PATH]     the versions that were replaced or deleted from then on, with size and time
#   undo.sh missing SECOND [PATH]  puts back those that are missing now
#   undo.sh replace SECOND PATH    puts back those that are missing, and replaces those that are different
#
# SECOND is in UTC, such as 20261127140300. PATH is a file or directory of wp-content, such as uploads/2026. Of several
# versions the first one from then on counts: that is the file at that moment. Syncthing carries them to the other regions.
set -eu
versions=/var/syncthing/versions folder=/var/syncthing/wp-content
what=$1 since=$2 path=${3:-.}
path=${path%/}
case "$what $path" in
"replace .") echo "name the file or directory" >&2; exit 2 ;;
list\ * | missing\ * | replace\ *) ;;
*) echo "list, missing or replace" >&2; exit 2 ;;
esac
done=$(mktemp -d)
for second in "$versions"/[0-9]*; do # the oldest first
	[ -e "$second/$path" ] && [ "${second##*/}" -ge "$since" ] || continue
	find "$second/$path" -type f | while IFS= read -r version; do
		name=${version#"$second/"}
		name=${name#./}
		if [ "$what" = list ]; then
			echo "${second##*/} $(stat -c '%s bytes, written %y' "$version") $name"
			continue
		fi
		# Once for each file: a later version is of after the moment.
		[ ! -e "$done/$name" ] || continue
		mkdir -p "$(dirname "$done/$name")" && : >"$done/$name"
		[ "$what" = replace ] || [ ! -e "$folder/$name" ] || continue
		! cmp -s "$version" "$folder/$name" || continue
		mkdir -p "$(dirname "$folder/$name")"
		cp -p "$version" "$folder/.syncthing.undo.tmp" # Syncthing ignores such names
		mv "$folder/.syncthing.undo.tmp" "$folder/$name"
		echo "put back $name"
	done
done
rm -rf "$done"
