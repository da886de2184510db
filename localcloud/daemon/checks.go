package daemon

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

const checksPath = "/checks"

// SetCheckPace makes the load balancers' health checks and draining run the given number of times as fast, until the
// local cloud stops.
func (r Record) SetCheckPace(ctx context.Context, times int) error {
	return r.call(ctx, http.MethodPost, checksPath+"?"+url.Values{"pace": {strconv.Itoa(times)}}.Encode(), nil)
}

// serveCheckPace serves a SetCheckPace request.
func (d *daemon) serveCheckPace(w http.ResponseWriter, r *http.Request) {
	times, err := strconv.ParseInt(r.URL.Query().Get("pace"), 10, 64)
	if err != nil || times < 1 || times > 100 {
		http.Error(w, "pace is a whole number from 1 to 100", http.StatusBadRequest)
		return
	}
	d.system.SetCheckPace(times)
	d.log.Info("health checks", "pace", times)
	w.WriteHeader(http.StatusNoContent)
}
