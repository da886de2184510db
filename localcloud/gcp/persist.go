package gcp

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Number of attempts, and initial back-off. Google's provider starts at half a second and retries for 20 minutes.
const (
	attempts   = 10
	firstPause = 50 * time.Millisecond
)

// persist makes a request and retries it, with exponential back-off, where Google's provider does.
func (p *provider) persist(ctx context.Context, request func(context.Context) error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := request(ctx)
		if err == nil || !passes(err) || attempt == attempts {
			return err
		}
		if p.api.clock.Sleep(ctx, pause) != nil {
			return err
		}
		pause *= 2
	}
}

// passes reports whether an error is transient, by the rules of terraform-provider-google-beta v5.42.0
// (transport/error_retry_predicates.go): too many requests, an error on Google's side, or a network or subnetwork on
// which an operation is under way.
func passes(err error) bool {
	var answer *apiError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.code {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable:
		return true
	case http.StatusBadRequest:
		return answer.reason == "resourceNotReady" && strings.Contains(answer.message, "networks/")
	}
	return false
}
