package gcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/times"
)

// Durations of injected faults. Google's provider waits for 20 to 40 minutes, which is too long here.
const (
	slowBy   = 3 * time.Second
	patience = 2 * time.Second // the provider's timeout for a stuck operation
	stuckFor = 5 * time.Second
)

// operation is a long-running operation: a create, update or delete that the API has accepted.
type operation struct {
	takes time.Duration
	// patience is the provider's timeout; 0 means none.
	patience time.Duration
	// fails is the error that it ends with; nil means success.
	fails error
}

// lasts reports whether the operation continues after the response to its request.
func (o operation) lasts() bool { return o != operation{} }

// operation draws the duration and the faults of a request that the API accepts.
func (a *API) operation(ctx context.Context, k *kind, verb times.Verb) operation {
	op := operation{takes: a.times.Google(k.token, verb)}
	key := requestKey(ctx, verb)
	if a.faults.Hit(faults.Slow, key) {
		op.takes += slowBy
	}
	if k.service == containerAPI && a.faults.Hit(faults.Stuck, key) {
		op.takes, op.patience = op.takes+stuckFor, op.takes+patience
	}
	if verb == times.Create && a.faults.Hit(faults.HalfMade, key) {
		op.fails = errors.New("Error waiting for the operation: Internal error. Please try again or contact Google " +
			"Support. (Code: 'INTERNAL_ERROR')")
	}
	return op
}

// pass waits for the rest of an operation's duration, which began at since.
func (a *API) pass(work context.Context, op operation, since time.Time) error {
	return a.clock.Sleep(work, op.takes-time.Since(since))
}

// errTimeout is the error of Google's provider on a timeout.
func errTimeout(verb times.Verb, after time.Duration) error {
	return fmt.Errorf("timeout while waiting for state to become 'DONE' (last state: 'RUNNING', timeout: %s, operation: %s)",
		after, verb)
}

// admitRequest returns the injected errors that can hit any request.
func (a *API) admitRequest(ctx context.Context, k *kind, verb times.Verb) error {
	key := requestKey(ctx, verb)
	switch {
	case a.faults.Hit(faults.RateLimited, key):
		return &apiError{429, "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service '" +
			k.service + "'.", "rateLimitExceeded"}
	case a.faults.Hit(faults.Unavailable, key):
		return &apiError{503, "The service is currently unavailable.", "backendError"}
	case verb == times.Create && a.faults.Hit(faults.Permission, key):
		return &apiError{403, fmt.Sprintf("Required permission to create the %s is missing (a role that was granted takes "+
			"some time to be seen everywhere)", k.noun), "forbidden"}
	}
	return nil
}

// admitCreation returns the injected errors that can hit a valid create request.
func (a *API) admitCreation(ctx context.Context, k *kind, r *record) error {
	key := requestKey(ctx, times.Create)
	if len(r.Refs) > 0 && a.faults.Hit(faults.NotFound, key) {
		return notFound(r.Refs[0].Target)
	}
	if k.service != "" && a.faults.Hit(faults.Quota, key) {
		return &apiError{403, fmt.Sprintf("Quota '%s' exceeded.  Limit: 0.0 globally.", k.noun), "quotaExceeded"}
	}
	return nil
}

type urnKey struct{}

// withURN attaches the URN of the program's resource that a request is about.
func withURN(ctx context.Context, urn resource.URN) context.Context {
	return context.WithValue(ctx, urnKey{}, urn)
}

// requestKey identifies a request by verb and URN, the same in every run of a program. Empty if no program made it.
func requestKey(ctx context.Context, verb times.Verb) string {
	urn, ok := ctx.Value(urnKey{}).(resource.URN)
	if !ok {
		return ""
	}
	return string(verb) + " " + string(urn)
}
