#!/bin/sh
# Puts WordPress where Apache serves it, and starts the command that is given: start.sh COMMAND [ARGUMENT...]
#
# The image's entrypoint would copy it too, but its tar sets the modes of the directories that exist already, the
# document root and wp-content. Both are mounts that belong to root, so for www-data it fails, and the container with it.
# The entrypoint copies nothing when it finds index.php, which therefore comes last: a copy that was cut off is made again.
set -eu
source=/usr/src/wordpress
cd /var/www/html

if [ ! -e index.php ]; then
	# Themes and plugins that the volume has are the site's own, whatever their version. Others appear whole or not at
	# all: Syncthing may be bringing the same one from another region, and a copy that was cut off would pass for the
	# site's own. The directory of the copies is WordPress's for such purposes, and is not synchronised.
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
