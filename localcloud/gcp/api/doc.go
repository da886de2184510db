// Package api is the part of the stand-in for Google's API that all services share: resources in a durable store, the
// references between them, and their life cycle. A service declares its resource types as a list of Kinds.
package api
