// Package random is the random provider: the resource types RandomPassword, RandomString, RandomBytes and RandomId of
// pulumi-random v4, with its inputs, defaults and outputs. A value is drawn when its resource is created, exists only
// in the stack's state, and is drawn again when any input changes.
package random
