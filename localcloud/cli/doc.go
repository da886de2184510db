// Package cli is the localcloud command.
package cli
