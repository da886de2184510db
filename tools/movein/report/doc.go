// Package report says in plain text what moved, what was changed and left out, and what to look at.
package report
