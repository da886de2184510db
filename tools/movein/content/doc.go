// Package content reads a site's wp-content, a directory or a tar archive, leaves out what should not move, scans PHP for
// what does not work here, and writes the rest as the archive of a backup.
package content
