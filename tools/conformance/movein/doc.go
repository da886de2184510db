// Package movein tests tools/movein with a real site: MariaDB, WordPress's own installer, mariadb-dump, and TiDB.
package movein
