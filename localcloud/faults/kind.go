package faults

// Kind is a way in which a call goes wrong.
type Kind string

// The Google API's. Whether the provider tries again by itself is as in Google's own: terraform-provider-google-beta,
// transport/error_retry_predicates.go.
const (
	// RateLimited is an answer 429, and Unavailable 503. The provider tries again.
	RateLimited Kind = "rate-limited"
	Unavailable Kind = "unavailable"
	// Quota is an answer 403 quotaExceeded to a creation. The provider gives up.
	Quota Kind = "quota"
	// Permission is an answer 403 to a creation, as long as a role that was just granted has not reached every server.
	// The provider gives up.
	Permission Kind = "permission"
	// NotFound is an answer 404 for a resource that was just created and that a creation refers to. The provider gives up.
	NotFound Kind = "not-found"
	// Slow operations take longer than others.
	Slow Kind = "slow"
	// Stuck operations (GKE's) take longer than the provider waits. They end all the same, some time later.
	Stuck Kind = "stuck"
	// HalfMade operations end with an error. A cluster or a node pool is left behind, in state ERROR; of anything else
	// nothing is.
	HalfMade Kind = "half-made"
)

// The Kubernetes API's.
const (
	// Dropped connections end without an answer, before the request gets through or after. A watch ends early. Of a read
	// the provider's client tries again, of a change the provider gives up.
	Dropped Kind = "dropped"
	// Conflict is an answer 409 to a change: somebody else has written at the same moment. The provider gives up.
	Conflict Kind = "conflict"
	// Refused is an answer 403 to a change: an admission webhook denies it. The provider gives up.
	Refused Kind = "refused"
)

// usual has every kind, with the share of the resources that it hits unless a plan says otherwise: enough to see each
// kind in an update of three regions, and few enough that it comes to its end in some twenty tries.
var usual = map[Kind]float64{
	RateLimited: 0.15, Unavailable: 0.15, Quota: 0.03, Permission: 0.03, NotFound: 0.05, Slow: 0.1, Stuck: 0.3, HalfMade: 0.05,
	Dropped: 0.03, Conflict: 0.03, Refused: 0.02,
}

// tries is how often at most a resource is hit by a kind. What is tried again by itself may be hit more than once.
var tries = map[Kind]int{RateLimited: 3, Unavailable: 2, Dropped: 2, Conflict: 2, Permission: 2, Refused: 2}
