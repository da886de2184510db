package daemon

import (
	"context"
	"net/http"
	"net/url"

	"geo-wordpress/localcloud/faults"
)

const faultsPath = "/faults"

// InjectFaults makes the local cloud follow a fault plan, in the syntax of faults.Parse, from now on.
func (r Record) InjectFaults(ctx context.Context, plan string) error {
	return r.call(ctx, http.MethodPost, faultsPath+"?"+url.Values{"plan": {plan}}.Encode(), nil)
}

// serveFaults serves a request to follow another plan.
func (d *daemon) serveFaults(w http.ResponseWriter, r *http.Request) {
	plan, err := faults.Parse(r.URL.Query().Get("plan"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.options.Faults.Follow(plan)
	d.log.Info("faults", "plan", r.URL.Query().Get("plan"))
	w.WriteHeader(http.StatusNoContent)
}
