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

// The states of a resource. Only those with slow parts pass through any but running.
const (
	provisioning = "PROVISIONING" // made, its slow part under way
	running      = "RUNNING"
	reconciling  = "RECONCILING" // changed, the slow part of the change under way
	stopping     = "STOPPING"    // being deleted
	failed       = "ERROR"       // its slow part failed: an update tries it again, a delete removes it
)

// record is a resource as the store keeps it.
type record struct {
	Type    string    `json:"type"`
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Project string    `json:"project"`
	Place   string    `json:"place,omitempty"` // zone or region; empty for what is global
	State   string    `json:"state"`
	Message string    `json:"message,omitempty"` // why it is in state ERROR
	Created time.Time `json:"created"`

	Inputs  object   `json:"inputs"`  // as Check made them
	Outputs object   `json:"outputs"` // Google's view of it
	Secrets []string `json:"secrets,omitempty"`

	Refs  []reference `json:"refs,omitempty"`
	Holds []string    `json:"holds,omitempty"` // other resource names that come and go with it
	// Instances are a node pool's machines when it was last made what it should be.
	Instances []string `json:"instances,omitempty"`
	// Leaving are a node pool's machines in zones that it is leaving, by the ID that the machines know them by.
	Leaving []string `json:"leaving,omitempty"`
	// Implicit resources were made by Google's API itself, not by a program.
	Implicit bool `json:"implicit,omitempty"`
}

// reference says that a resource uses another one. A weak one does not keep the other from being deleted.
type reference struct {
	Path   string `json:"path"`
	Target string `json:"target"`
	Weak   bool   `json:"weak,omitempty"`
}

const (
	resourcesBucket   = "resources"
	servicesBucket    = "services"    // project/service -> true: the APIs that are on
	attachmentsBucket = "attachments" // disk -> attachment
	projectsBucket    = "projects"    // project -> its number
)

// txn is a transaction on the store with the questions that the types ask.
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

// all returns every resource of the given types, of all types when none is given, in the order of their IDs.
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

// find returns the resource that is, or holds, a resource name.
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

// user returns a resource that uses one of the names, and which; nil when none does.
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

// enabled says whether a service's API is on in a project.
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

// projectNumber is the twelve-digit number of a project, drawn when it is first asked for.
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

// digits draws a decimal number of so many digits, its first not zero, as Google's numeric IDs are.
func digits(n int) string {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n-1)), nil)
	span := new(big.Int).Mul(low, big.NewInt(9))
	v, err := rand.Int(rand.Reader, span)
	if err != nil {
		panic(fmt.Sprintf("the system's random source failed: %v", err)) // documented never to happen
	}
	return v.Add(v, low).String()
}

// hexDigits draws so many hexadecimal digits.
func hexDigits(n int) string {
	b := make([]byte, (n+1)/2)
	if _, err := rand.Read(b); err != nil {
		panic(fmt.Sprintf("the system's random source failed: %v", err))
	}
	return fmt.Sprintf("%x", b)[:n]
}

// numericID draws an ID that a float64, and so the engine, holds exactly.
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

// timestamp is Compute Engine's form of a time.
func timestamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000-07:00") }
