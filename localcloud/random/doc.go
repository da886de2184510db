// Package random is the random provider: the resource types RandomPassword and RandomBytes of pulumi-random v4, with the
// inputs that the program sets, and with its defaults and outputs. A value is drawn when its resource is created, exists
// only in the stack's state, and is drawn again when any input changes.
package random
