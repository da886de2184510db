package gcp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"geo-wordpress/localcloud/store"
)

// The states of a resource. Operations that neither have a slow part nor take time leave it RUNNING.
const (
	provisioning = "PROVISIONING" // created, its slow part under way
	running      = "RUNNING"
	reconciling  = "RECONCILING" // updated, the slow part of the update under way
	stopping     = "STOPPING"    // being deleted
	failed       = "ERROR"       // its slow part failed: an update retries it, a delete removes the resource
)

// record is a resource as the store keeps it.
type record struct {
	Type    string    `json:"type"`
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Project string    `json:"project"`
	Place   string    `json:"place,omitempty"` // zone or region; empty if global
	State   string    `json:"state"`
	Message string    `json:"message,omitempty"` // the reason for state ERROR
	Created time.Time `json:"created"`

	Inputs  object   `json:"inputs"`  // as returned by Check
	Outputs object   `json:"outputs"` // Google's view of it
	Secrets []string `json:"secrets,omitempty"`

	Refs  []reference `json:"refs,omitempty"`
	Holds []string    `json:"holds,omitempty"` // other resource names, created and deleted with it
	// Instances are a node pool's machines after its last successful start.
	Instances []string `json:"instances,omitempty"`
	// Leaving are the IDs, from machinesID, of a node pool's machines in zones that it is leaving.
	Leaving []string `json:"leaving,omitempty"`
	// Implicit resources were made by Google's API itself, not by a program.
	Implicit bool `json:"implicit,omitempty"`
}

// reference is a use of another resource. A weak reference does not prevent the deletion of its target.
type reference struct {
	Path   string `json:"path"`
	Target string `json:"target"`
	Weak   bool   `json:"weak,omitempty"`
}

const (
	resourcesBucket   = "resources"
	servicesBucket    = "services"    // project/service -> true: the enabled APIs
	attachmentsBucket = "attachments" // disk -> attachment
	projectsBucket    = "projects"    // project -> its number
)

// txn is a store transaction with the queries that the resource types need.
type txn struct {
	*store.Tx
	api *API
}

func (t *txn) get(id string) (*record, error) {
	var r record
	ok, err := t.Get(resourcesBucket, id, &r)
	if err != nil || !ok {
		return nil, err
	}
	return &r, nil
}

func (t *txn) put(r *record) error { return t.Put(resourcesBucket, r.ID, r) }

func (t *txn) drop(id string) error { return t.Delete(resourcesBucket, id) }

// all returns every resource of the given types, or of all types if none is given, ordered by ID.
func (t *txn) all(tokens ...string) ([]*record, error) {
	var out []*record
	err := store.Each(t.Tx, resourcesBucket, func(_ string, r *record) error {
		if len(tokens) == 0 {
			out = append(out, r)
		}
		for _, token := range tokens {
			if r.Type == token {
				out = append(out, r)
			}
		}
		return nil
	})
	return out, err
}

// find returns the resource that has a resource name, or that holds it.
func (t *txn) find(name string) (*record, error) {
	if r, err := t.get(name); r != nil || err != nil {
		return r, err
	}
	all, err := t.all()
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		for _, held := range r.Holds {
			if held == name {
				return r, nil
			}
		}
	}
	return nil, nil
}

// user returns a resource that uses one of the names, and that name; nil if none does.
func (t *txn) user(except string, names ...string) (*record, string, error) {
	all, err := t.all()
	if err != nil {
		return nil, "", err
	}
	for _, r := range all {
		if r.ID == except {
			continue
		}
		for _, ref := range r.Refs {
			for _, name := range names {
				if !ref.Weak && ref.Target == name {
					return r, name, nil
				}
			}
		}
	}
	return nil, "", nil
}

// enabled reports whether a service's API is enabled in a project.
func (t *txn) enabled(project, service string) (bool, error) {
	if service == "" || t.api.enabledAPIs[service] {
		return true, nil
	}
	var on bool
	_, err := t.Get(servicesBucket, project+"/"+service, &on)
	return on, err
}

func (t *txn) requireAPI(project, service string) error {
	on, err := t.enabled(project, service)
	if err == nil && !on {
		err = notEnabled(project, service)
	}
	return err
}

// projectNumber returns a project's twelve-digit number, drawn at first use.
func (t *txn) projectNumber(project string) (string, error) {
	var number string
	if ok, err := t.Get(projectsBucket, project, &number); ok || err != nil {
		return number, err
	}
	number = digits(12)
	return number, t.Put(projectsBucket, project, number)
}

// selfLink is a resource's URL in the Compute Engine API.
func selfLink(id string) string { return "https://www.googleapis.com/compute/v1/" + id }

// lastSegment is the name at the end of a resource name.
func lastSegment(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// digits draws a decimal number of n digits without a leading zero, like Google's numeric IDs.
func digits(n int) string {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n-1)), nil)
	span := new(big.Int).Mul(low, big.NewInt(9))
	v, err := rand.Int(rand.Reader, span)
	if err != nil {
		panic(fmt.Sprintf("the system's random source failed: %v", err)) // documented never to happen
	}
	return v.Add(v, low).String()
}

// hexDigits draws n hexadecimal digits.
func hexDigits(n int) string {
	b := make([]byte, (n+1)/2)
	if _, err := rand.Read(b); err != nil {
		panic(fmt.Sprintf("the system's random source failed: %v", err))
	}
	return fmt.Sprintf("%x", b)[:n]
}

// numericID draws an ID that a float64, and therefore the engine, represents exactly.
func numericID() float64 {
	v, err := rand.Int(rand.Reader, big.NewInt(1<<52))
	if err != nil {
		panic(fmt.Sprintf("the system's random source failed: %v", err))
	}
	return float64(v.Int64() + 1<<52)
}

// fingerprint is the optimistic-lock value that Google derives from a resource's contents.
func fingerprint(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("properties are always JSON: %v", err))
	}
	sum := sha256.Sum256(raw)
	return base64.StdEncoding.EncodeToString(sum[:8])
}

// timestamp formats a time as Compute Engine does.
func timestamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000-07:00") }
