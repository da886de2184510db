// Package syncthing models Syncthing: which peers it connects to, not the files.
package syncthing
