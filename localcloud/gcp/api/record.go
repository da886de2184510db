package api

import (
	"time"

	"geo-wordpress/googlecloud"
)

// The states of a resource. A create or update without a slow part leaves it RUNNING.
const (
	Provisioning = "PROVISIONING" // created, its slow part in progress
	Running      = "RUNNING"
	Reconciling  = "RECONCILING" // updated, the slow part of the update in progress
	Stopping     = "STOPPING"    // being deleted
	Failed       = "ERROR"       // its slow part failed: an update retries it, a delete removes the resource
)

// Record is a resource as the store keeps it.
type Record struct {
	Type     string    `json:"type"`
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Project  string    `json:"project"`
	Location string    `json:"place,omitempty"` // zone or region; empty if global
	State    string    `json:"state"`
	Message  string    `json:"message,omitempty"` // the reason for state ERROR
	Created  time.Time `json:"created"`

	Inputs  Object   `json:"inputs"`  // as returned by Check
	Outputs Object   `json:"outputs"` // as Google returns it
	Secrets []string `json:"secrets,omitempty"`

	Refs  []Reference `json:"refs,omitempty"`
	Holds []string    `json:"holds,omitempty"` // other resource names, created and deleted with it
	// Instances are a node pool's machines after its last successful start.
	Instances []string `json:"instances,omitempty"`
}

// Reference is a use of another resource. A weak reference does not prevent the deletion of its target.
type Reference struct {
	Path   string `json:"path"`
	Target string `json:"target"`
	Weak   bool   `json:"weak,omitempty"`
}

// FillPlain fills in the outputs that most Compute Engine resources have.
func (r *Record) FillPlain() {
	r.Outputs.Fill("creationTimestamp", timestamp(r.Created))
	r.Outputs.Fill("selfLink", SelfLink(r.ID))
}

// where returns a resource's location.
func (r *Record) where() Location {
	l := Location{Project: r.Project, Name: r.Location, Region: googlecloud.RegionOf(r.Location)}
	if googlecloud.IsZone(r.Location) {
		l.Zone = r.Location
	}
	return l
}
