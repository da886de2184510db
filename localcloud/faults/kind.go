package faults

// Kind is a kind of fault.
type Kind string

// Faults of the Google API. The provider retries the same errors as Google's own: terraform-provider-google-beta,
// transport/error_retry_predicates.go.
const (
	// RateLimited is a response 429, and Unavailable 503. The provider retries.
	RateLimited Kind = "rate-limited"
	Unavailable Kind = "unavailable"
	// Quota is a response 403 quotaExceeded to a creation. The provider gives up.
	Quota Kind = "quota"
	// Permission is a response 403 to a creation: a role that was just granted has not reached every server. The
	// provider gives up.
	Permission Kind = "permission"
	// NotFound is a response 404 to a creation that refers to a resource just created. The provider gives up.
	NotFound Kind = "not-found"
	// Slow operations take longer than others.
	Slow Kind = "slow"
	// Stuck operations (GKE's) exceed the provider's timeout. They still end, some time later.
	Stuck Kind = "stuck"
	// HalfMade operations end with an error. They leave a cluster or node pool behind in state ERROR, but no other
	// resource.
	HalfMade Kind = "half-made"
)

// Faults of the Kubernetes API.
const (
	// Dropped connections break without a response, before or after the request gets through. A watch ends early. The
	// provider's client retries a read; on a change the provider gives up.
	Dropped Kind = "dropped"
	// Conflict is a response 409 to a change: somebody else wrote at the same moment. The provider gives up.
	Conflict Kind = "conflict"
	// Refused is a response 403 to a change: an admission webhook denies it. The provider gives up.
	Refused Kind = "refused"
)

// usual holds the default rate of every kind, the share of resources that it hits: high enough to see each kind in an
// update of three regions, and low enough that the update completes in some twenty tries.
var usual = map[Kind]float64{
	RateLimited: 0.15, Unavailable: 0.15, Quota: 0.03, Permission: 0.03, NotFound: 0.05, Slow: 0.1, Stuck: 0.3, HalfMade: 0.05,
	Dropped: 0.03, Conflict: 0.03, Refused: 0.02,
}

// tries is the maximum number of hits per resource, by kind; 1 if absent. Automatically retried kinds may have more.
var tries = map[Kind]int{RateLimited: 3, Unavailable: 2, Dropped: 2, Conflict: 2, Permission: 2, Refused: 2}
