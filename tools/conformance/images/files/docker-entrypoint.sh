#!/bin/bash
# In the place of the WordPress image's entrypoint: WordPress is copied to the document root unless it is there, without
# the themes and plugins that the volume has already, and wp-config.php is made. Then the command runs.
set -euo pipefail

if [[ $1 == apache2* || $(basename "$0") == docker-ensure-installed.sh ]]; then
	cd /var/www/html
	if [[ ! -e index.php && ! -e wp-includes/version.php ]]; then
		kept=()
		for directory in /usr/src/wordpress/wp-content/*/*/; do
			path=${directory#/usr/src/wordpress/}
			if [[ -d $path ]]; then
				kept+=(--exclude="./${path%/}")
			fi
		done
		# Who is not root can change neither the owner nor the mode of the directories that are mounts.
		tar --create --file=- --directory=/usr/src/wordpress --owner=www-data --group=www-data \
			${kept[@]+"${kept[@]}"} . | tar --extract --file=- --no-overwrite-dir
		echo "WordPress has been copied to $PWD" >&2
	fi
	if [[ ! -s wp-config.php ]]; then
		cp /usr/src/wp-config-environment.php wp-config.php
	fi
fi
exec "$@"
