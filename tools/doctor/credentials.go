package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"

	"golang.org/x/oauth2"
	googleoauth "golang.org/x/oauth2/google"
)

// credentials are valid Application Default Credentials.
type credentials struct {
	token        *oauth2.Token
	who          string // for people to read
	person       bool   // of `gcloud auth application-default login`
	quotaProject string
}

// scope is what every Google Cloud API takes. What the account may do is decided by its roles.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// applicationDefault finds the credentials as Pulumi's provider and gke-gcloud-auth-plugin do, and gets a token.
func applicationDefault(ctx context.Context) (*credentials, error) {
	type answer struct {
		credentials *credentials
		err         error
	}
	answers := make(chan answer, 1)
	// The library does not pass the context to its search for a metadata server.
	go func() {
		found, err := googleoauth.FindDefaultCredentials(ctx, scope)
		if err != nil {
			answers <- answer{err: err}
			return
		}
		c := describe(found.JSON)
		c.token, err = found.TokenSource.Token()
		answers <- answer{c, err}
	}()
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	select {
	case a := <-answers:
		return a.credentials, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer within %s", 2*patience)
	}
}

func describe(file []byte) *credentials {
	var known struct {
		Type           string `json:"type"`
		ClientEmail    string `json:"client_email"`
		QuotaProjectID string `json:"quota_project_id"`
	}
	_ = json.Unmarshal(file, &known) // none on a machine of Google's
	c := &credentials{quotaProject: known.QuotaProjectID}
	switch known.Type {
	case "":
		c.who = "this machine's service account"
	case "authorized_user":
		c.who, c.person = "a person's, of gcloud auth application-default login", true
	case "service_account":
		c.who = "the key of " + known.ClientEmail
	default:
		c.who = known.Type
	}
	return c
}

const login = "gcloud auth application-default login"

// authenticate checks the credentials, and makes the calls with them.
func (d *doctor) authenticate(ctx context.Context) bool {
	const check = "credentials"
	c, err := d.credentials(ctx)
	if err == nil {
		project := ""
		if d.settings != nil {
			project = d.settings.project
		}
		d.google.use(c, project)
		d.ok(check, c.who)
		return true
	}
	var refused *oauth2.RetrieveError
	var network *net.OpError
	var address *url.Error
	switch file := d.environment("GOOGLE_APPLICATION_CREDENTIALS"); {
	case errors.As(err, &refused):
		d.fail(check, "Google refuses them (expired or revoked): "+firstNonEmpty(refused.ErrorDescription, refused.ErrorCode, "no reason given"), login)
	case errors.As(err, &network) || errors.As(err, &address):
		d.fail(check, "no answer from Google: "+err.Error(), "check the network, and HTTPS_PROXY if there is a proxy; then run doctor again")
	case file != "":
		d.fail(check, fmt.Sprintf("GOOGLE_APPLICATION_CREDENTIALS names %s: %v", filepath.Base(file), err), "unset it, and "+login)
	default:
		d.fail(check, "no Application Default Credentials on this machine", login)
	}
	return false
}

func firstNonEmpty(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
