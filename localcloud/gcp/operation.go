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

// What faults do to an operation's time. Google's provider waits for 20 to 40 minutes; here nobody wants to.
const (
	slowBy   = 3 * time.Second
	patience = 2 * time.Second // with a stuck operation
	stuckFor = 5 * time.Second
)

// operation is how a creation, a change or a deletion that the API has accepted goes on.
type operation struct {
	takes time.Duration
	// patience is how long the provider waits for it; 0 is until its end.
	patience time.Duration
	// fails is what it ends with, if not well.
	fails error
}

// lasts says whether the operation goes on after the answer to its request.
func (o operation) lasts() bool { return o != operation{} }

// operation is drawn when the API accepts a request.
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

// pass lets an operation take its time, of which some may have passed.
func (a *API) pass(work context.Context, op operation, since time.Time) error {
	return a.clock.Sleep(work, op.takes-time.Since(since))
}

// errTimeout is what Google's provider says when its patience is at an end.
func errTimeout(verb times.Verb, after time.Duration) error {
	return fmt.Errorf("timeout while waiting for state to become 'DONE' (last state: 'RUNNING', timeout: %s, operation: %s)",
		after, verb)
}

// admitRequest is the API's door: the errors that any request may meet.
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

// admitCreation is what a request to create something may meet that is right in itself.
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

// withURN notes which of the program's resources a request is about.
func withURN(ctx context.Context, urn resource.URN) context.Context {
	return context.WithValue(ctx, urnKey{}, urn)
}

// requestKey names what a request does, the same for every run of a program. It is empty for what no program asked for.
func requestKey(ctx context.Context, verb times.Verb) string {
	urn, ok := ctx.Value(urnKey{}).(resource.URN)
	if !ok {
		return ""
	}
	return string(verb) + " " + string(urn)
}
