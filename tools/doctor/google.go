package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// google calls Google's APIs, one project's.
type google struct {
	client *http.Client
	// host is the address of an API by its name, such as compute.googleapis.com.
	host func(api string) string
	// quotaProject is billed for the calls of a person's credentials. A service account's own project is.
	quotaProject string
}

func newGoogle() *google {
	return &google{client: http.DefaultClient, host: func(api string) string { return "https://" + api }}
}

// use makes the calls with credentials, on behalf of a project.
func (g *google) use(c *credentials, project string) {
	transport := &oauth2.Transport{Source: oauth2.StaticTokenSource(c.token), Base: g.client.Transport}
	g.client = &http.Client{Transport: transport, Timeout: patience}
	if c.person {
		g.quotaProject = project
		if c.quotaProject != "" {
			g.quotaProject = c.quotaProject
		}
	}
}

// get reads a resource. The error is an apiError if the API answered.
func (g *google) get(ctx context.Context, api, path string, query url.Values, answer any) error {
	address := g.host(api) + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return g.call(ctx, http.MethodGet, api, address, nil, answer)
}

// post asks a question that takes a body. doctor posts nothing that changes anything.
func (g *google) post(ctx context.Context, api, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	return g.call(ctx, http.MethodPost, api, g.host(api)+path, body, answer)
}

func (g *google) call(ctx context.Context, method, api, address string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if g.quotaProject != "" {
		request.Header.Set("X-Goog-User-Project", g.quotaProject)
	}
	response, err := g.client.Do(request)
	if err != nil {
		return fmt.Errorf("no answer from %s: %w", api, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
	if err != nil {
		return fmt.Errorf("no whole answer from %s: %w", api, err)
	}
	if response.StatusCode != http.StatusOK {
		return newAPIError(api, response.StatusCode, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s answered something else than JSON (a proxy?): %w", api, err)
	}
	return nil
}

// apiError is an answer of Google's that says no (https://cloud.google.com/apis/design/errors).
type apiError struct {
	api     string
	code    int
	message string
	reason  string // such as SERVICE_DISABLED
	service string // the API that the reason is about, if it is about one
	// consumer is the project that the reason is about, by ID or number, if Google names it: the credentials' quota project
	// may be another one than the stack's.
	consumer string
}

func newAPIError(api string, code int, body []byte) *apiError {
	e := &apiError{api: api, code: code, message: http.StatusText(code)}
	var answer struct {
		Error struct {
			Message string
			Details []struct {
				Reason   string
				Metadata map[string]string
			}
		}
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error.Message == "" {
		return e
	}
	e.message = answer.Error.Message
	for _, detail := range answer.Error.Details {
		if detail.Reason != "" {
			e.reason, e.service = detail.Reason, detail.Metadata["service"]
			e.consumer = strings.TrimPrefix(detail.Metadata["consumer"], "projects/")
		}
	}
	return e
}

func (e *apiError) Error() string { return fmt.Sprintf("%s answered %d: %s", e.api, e.code, e.message) }

// off says whether the call failed because an API is not enabled.
func off(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.reason == "SERVICE_DISABLED"
}

// explain turns an error into what was found, and the remedy.
func explain(err error, project string) (found, remedy string) {
	var e *apiError
	if !errors.As(err, &e) {
		return err.Error(), "check the network, and HTTPS_PROXY if there is a proxy; then run doctor again"
	}
	switch {
	case off(err):
		service := e.service
		if service == "" {
			service = e.api
		}
		if e.consumer != "" {
			project = e.consumer
		}
		return service + " is not enabled", "gcloud services enable " + service + " --project " + project
	case e.reason == "USER_PROJECT_DENIED":
		return "the credentials' quota project refuses the call: " + sentence(e.message),
			"gcloud auth application-default set-quota-project " + project
	case e.code == http.StatusUnauthorized:
		return "Google does not accept the credentials", "gcloud auth application-default login"
	case e.code == http.StatusForbidden:
		return "permission denied: " + sentence(e.message), "ask an owner of the project for the roles in docs/first-steps.md"
	case e.code == http.StatusTooManyRequests || e.code >= 500:
		return e.Error(), "wait a minute, then run doctor again"
	}
	return e.Error(), ""
}

// sentence is the first sentence of a message of Google's, which often goes on about the console.
func sentence(message string) string { return strings.SplitN(message, ". ", 2)[0] }
