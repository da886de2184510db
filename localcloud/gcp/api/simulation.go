package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"geo-wordpress/localcloud/faults"
	"geo-wordpress/times"
)

// Durations of injected faults. Google's provider waits for 20 to 40 minutes, which is too long here.
const (
	slowBy       = 3 * time.Second
	stuckTimeout = 2 * time.Second // the provider's timeout for a stuck operation
	stuckFor     = 5 * time.Second
)

// simulation gives requests Google's durations and the injected faults.
type simulation struct {
	faults *faults.Injector
	times  times.Scale
	clock  times.Clock
}

// receive returns the injected errors that can hit any request.
func (s simulation) receive(ctx context.Context, k *Kind, verb times.Verb) error {
	key := requestKey(ctx, verb)
	switch {
	case s.faults.Hit(faults.RateLimited, key):
		return &Error{429, "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service '" +
			k.Service + "'.", "rateLimitExceeded"}
	case s.faults.Hit(faults.Unavailable, key):
		return &Error{503, "The service is currently unavailable.", "backendError"}
	case verb == times.Create && s.faults.Hit(faults.Permission, key):
		return &Error{403, fmt.Sprintf("Required permission to create the %s is missing (a new role takes some time to "+
			"take effect everywhere)", k.Noun), "forbidden"}
	}
	return nil
}

// accept returns the operation of a valid request: the slow part, which may be nil, with Google's duration and the
// injected faults; or the injected errors that can hit a valid request.
func (s simulation) accept(ctx context.Context, k *Kind, verb times.Verb, r *Record, run func(context.Context) error) (operation, error) {
	key := requestKey(ctx, verb)
	op := operation{run: run}
	takes := s.times.Google(k.Token, verb)
	var failure error
	if verb == times.Create {
		if len(r.Refs) > 0 && s.faults.Hit(faults.NotFound, key) {
			return op, NotFound(r.Refs[0].Target)
		}
		if k.Service != "" && s.faults.Hit(faults.Quota, key) {
			return op, &Error{403, fmt.Sprintf("Quota '%s' exceeded.  Limit: 0.0 globally.", k.Noun), "quotaExceeded"}
		}
		if s.faults.Hit(faults.HalfMade, key) {
			failure = errors.New("Error waiting for the operation: Internal error. Please try again or contact Google " +
				"Support. (Code: 'INTERNAL_ERROR')")
		}
	}
	if s.faults.Hit(faults.Slow, key) {
		takes += slowBy
	}
	if k.Service == Container && s.faults.Hit(faults.Stuck, key) {
		op.timeout = takes + stuckTimeout
		takes += stuckFor
	}
	if takes == 0 && failure == nil {
		return op, nil
	}
	op.run = func(work context.Context) error {
		began := time.Now()
		if run != nil && failure == nil {
			if err := run(work); err != nil {
				return err
			}
		}
		if err := s.clock.Sleep(work, takes-time.Since(began)); err != nil {
			return err
		}
		return failure
	}
	return op, nil
}

type urnKey struct{}

// WithURN attaches the URN of the program's resource to the requests about it.
func WithURN(ctx context.Context, urn resource.URN) context.Context {
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
