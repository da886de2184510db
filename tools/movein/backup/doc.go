// Package backup writes a backup in the layout that this system restores: see docs/moving-in.md. Every file is written
// under a temporary name first. `complete` is written last: a directory without it is no backup.
package backup
