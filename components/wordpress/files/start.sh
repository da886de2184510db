#!/bin/sh
# Copies WordPress to Apache's document root and starts a command: start.sh COMMAND [ARGUMENT...]
#
# The image's entrypoint would do this, but its tar sets the modes of existing directories: the document root and
# wp-content. Both are mounts that belong to root, so tar fails for www-data, and the container with it. The entrypoint
# copies nothing if it finds index.php. This script copies index.php last, so an interrupted copy is repeated.
set -eu
source=/usr/src/wordpress
cd /var/www/html

if [ ! -e index.php ]; then
	# Themes and plugins on the volume belong to the site, whatever their version. The others must appear as a whole:
	# Syncthing may be copying the same one from another region, and an incomplete copy would pass for the site's own.
	# WordPress unpacks updates in wp-content/upgrade; Syncthing ignores it.
	mkdir -p wp-content/upgrade
	copies=$(mktemp -d wp-content/upgrade/start.XXXXXX)
	for directory in "$source"/wp-content/*/*/; do
		name=${directory#"$source"/}
		name=${name%/}
		if [ ! -e "$name" ]; then
			mkdir -p "${name%/*}"
			cp -R "$directory" "$copies/copy"
			mv -T "$copies/copy" "$name" || [ -e "$name" ]
			rm -rf "$copies/copy"
		fi
	done
	rm -rf "$copies"
	for file in "$source"/* "$source"/.htaccess; do
		case $file in
		*/wp-content | */index.php) ;;
		*) cp -R "$file" . ;;
		esac
	done
	cp "$source"/index.php .
	echo "WordPress is in place" >&2
fi
exec "$@"
