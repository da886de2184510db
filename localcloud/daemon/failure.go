package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"geo-wordpress/localcloud/cloud"
)

const (
	failPath = "/fail/control-plane"
	healPath = "/heal/control-plane"
)

// FailControlPlanes takes the control planes in the places down, zones or regions; in all places if none is named. It
// returns the clusters concerned.
func (r Record) FailControlPlanes(ctx context.Context, places ...string) ([]string, error) {
	return r.change(ctx, failPath, places)
}

// HealControlPlanes brings them back, and returns once they answer.
func (r Record) HealControlPlanes(ctx context.Context, places ...string) ([]string, error) {
	return r.change(ctx, healPath, places)
}

func (r Record) change(ctx context.Context, path string, places []string) ([]string, error) {
	var clusters []string
	err := r.call(ctx, http.MethodPost, path+"?"+url.Values{"place": places}.Encode(), &clusters)
	return clusters, err
}

// overPlanes serves a request that does something to the control planes in the places it names.
func (d *daemon) overPlanes(do func(context.Context, string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		clusters, err := d.clustersIn(r.Context(), r.URL.Query()["place"])
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		names := []string{}
		for _, c := range clusters {
			err = errors.Join(err, do(r.Context(), c.ID))
			names = append(names, c.Name)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, names)
	}
}

// clustersIn finds the clusters in zones or regions. A place without one is an error that names the places there are.
func (d *daemon) clustersIn(ctx context.Context, places []string) ([]cloud.Cluster, error) {
	var all, found []cloud.Cluster
	var known []string
	for _, status := range d.planes.Status(ctx) {
		all = append(all, status.Cluster)
		known = append(known, status.Cluster.Location)
	}
	if len(places) == 0 {
		return all, nil
	}
	for _, place := range places {
		before := len(found)
		for _, c := range all {
			if c.Location == place || strings.HasPrefix(c.Location, place+"-") {
				found = append(found, c)
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("there is no cluster in %q: clusters are in %s", place, strings.Join(known, ", "))
		}
	}
	return found, nil
}
