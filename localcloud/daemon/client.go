package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"geo-wordpress/localcloud/cloud"
)

// Status returns the daemon's status.
func (r Record) Status(ctx context.Context) (s Status, err error) {
	err = r.call(ctx, http.MethodGet, statusPath, nil, &s)
	return s, err
}

// Objects lists the objects of a bucket, or of all buckets if its name is empty.
func (r Record) Objects(ctx context.Context, bucket string) (found []cloud.Object, err error) {
	err = r.call(ctx, http.MethodGet, objectsPath, url.Values{"bucket": {bucket}}, &found)
	return found, err
}

// Stop asks the daemon to stop and does not wait for the end.
func (r Record) Stop(ctx context.Context) error {
	return r.call(ctx, http.MethodPost, stopPath, nil, nil)
}

// Fail takes away parts of a kind: regions, zones and nodes by name; control planes by cluster, region or zone, or all of
// them without a name; the network between two regions by their names. It returns a sentence on each. Failing a lost part
// again changes nothing.
func (r Record) Fail(ctx context.Context, kind Kind, names ...string) (changes []string, err error) {
	err = r.call(ctx, http.MethodPost, failPath+string(kind), url.Values{"name": names}, &changes)
	return changes, err
}

// Heal restores lost parts, all of the kind if none is named, and returns once the control planes answer.
func (r Record) Heal(ctx context.Context, kind Kind, names ...string) (changes []string, err error) {
	err = r.call(ctx, http.MethodPost, healPath+string(kind), url.Values{"name": names}, &changes)
	return changes, err
}

// InjectFaults makes the local cloud follow a fault plan, in the syntax of faults.Parse, from now on.
func (r Record) InjectFaults(ctx context.Context, plan string) error {
	return r.call(ctx, http.MethodPost, faultsPath, url.Values{"plan": {plan}}, nil)
}

// SetRecord sets the data of a name's DNS records of a type, at a provider other than Cloud DNS; without data it removes
// them.
func (r Record) SetRecord(ctx context.Context, name, recordType string, data ...string) error {
	return r.call(ctx, http.MethodPost, recordsPath, url.Values{"name": {name}, "type": {recordType}, "data": data}, nil)
}

// CreateZone creates a public zone in Cloud DNS.
func (r Record) CreateZone(ctx context.Context, project, name, domain string) error {
	return r.call(ctx, http.MethodPost, zonesPath, url.Values{"project": {project}, "name": {name}, "domain": {domain}}, nil)
}

// SetCheckPace makes the load balancers' health checks and draining run the given number of times as fast, until the
// local cloud stops.
func (r Record) SetCheckPace(ctx context.Context, times int) error {
	return r.call(ctx, http.MethodPost, checksPath, url.Values{"pace": {strconv.Itoa(times)}}, nil)
}

// call sends a request to the control server and decodes the answer, unless it is nil.
func (r Record) call(ctx context.Context, method, path string, query url.Values, answer any) error {
	target := url.URL{Scheme: "http", Host: r.Control, Path: path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.Token)
	// Ignore any proxy in the environment.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("the local cloud (process %d) does not answer: %w", r.PID, err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 10000))
		if response.StatusCode == http.StatusConflict {
			return errors.New(strings.TrimSpace(string(text))) // it is the caller's mistake
		}
		return fmt.Errorf("the local cloud (process %d) answered %s: %s", r.PID, response.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
