package provider

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"geo-wordpress/localcloud/gcp/api"
)

// Number of attempts, and initial back-off. Google's provider starts at half a second and retries for 20 minutes.
const (
	attempts   = 10
	firstPause = 50 * time.Millisecond
)

// retry makes a request and retries it, with exponential back-off, where Google's provider does.
func (p *provider) retry(ctx context.Context, request func(context.Context) error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := request(ctx)
		if err == nil || !transient(err) || attempt == attempts {
			return err
		}
		if p.api.Clock.Sleep(ctx, pause) != nil {
			return err
		}
		pause *= 2
	}
}

// transient reports whether an error is transient, by the rules of terraform-provider-google-beta v5.42.0
// (transport/error_retry_predicates.go): too many requests, an error on Google's side, or a network or subnetwork on
// which an operation is in progress.
func transient(err error) bool {
	var answer *api.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.Code {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable:
		return true
	case http.StatusBadRequest:
		return answer.Reason == "resourceNotReady" && strings.Contains(answer.Message, "networks/")
	}
	return false
}
