// Package dump reads what mysqldump and mariadb-dump write. It reads a statement at a time, and an INSERT a row at a time,
// so a dump of any size takes little memory.
package dump
