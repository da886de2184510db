package daemon

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"geo-wordpress/localcloud/faults"
)

// The paths of the control server.
const (
	statusPath  = "/status"
	stopPath    = "/stop"
	failPath    = "/fail/" // followed by a kind; the query has the names
	healPath    = "/heal/" // the same
	faultsPath  = "/faults"
	checksPath  = "/checks"
	objectsPath = "/objects"
	recordsPath = "/dns/records"
	zonesPath   = "/dns/zones"
)

// listenForControl serves the control API on a free loopback port, to clients that send the record's token.
func (d *daemon) listenForControl(record *Record) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("control server: %w", err)
	}
	record.Control, record.Token = listener.Addr().String(), rand.Text()

	mux := http.NewServeMux()
	mux.HandleFunc("GET "+statusPath, func(w http.ResponseWriter, r *http.Request) {
		answer(w, d.status(r.Context(), *record))
	})
	mux.HandleFunc("GET "+objectsPath, d.serveObjects)
	mux.HandleFunc("POST "+failPath+"{kind}", d.serveChange(true))
	mux.HandleFunc("POST "+healPath+"{kind}", d.serveChange(false))
	mux.HandleFunc("POST "+faultsPath, d.serveFaults)
	mux.HandleFunc("POST "+checksPath, d.serveCheckPace)
	mux.HandleFunc("POST "+recordsPath, d.serveRecord)
	mux.HandleFunc("POST "+zonesPath, d.serveZone)
	mux.HandleFunc("POST "+stopPath, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		d.stop()
	})
	d.control = &http.Server{Handler: authorized(record.Token, mux), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := d.control.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("control server", "error", err)
		}
	}()
	return nil
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func authorized(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			http.Error(w, "send the token from the local cloud's daemon.json", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveChange serves requests that fail or heal parts of the cloud.
func (d *daemon) serveChange(fail bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		changes, err := d.change(r.Context(), fail, Kind(r.PathValue("kind")), r.URL.Query()["name"])
		var invalid invalidError
		switch {
		case errors.As(err, &invalid):
			http.Error(w, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			answer(w, changes)
		}
	}
}

// serveObjects lists the objects of the bucket that the query names, or of all.
func (d *daemon) serveObjects(w http.ResponseWriter, r *http.Request) {
	found, err := d.infrastructure.Inventory(r.URL.Query().Get("bucket"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	answer(w, found)
}

func (d *daemon) serveFaults(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("plan")
	plan, err := faults.Parse(text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.options.Faults.Follow(plan)
	d.log.Info("faults", "plan", text)
	w.WriteHeader(http.StatusNoContent)
}

func (d *daemon) serveCheckPace(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("pace")
	times, err := strconv.ParseInt(text, 10, 64)
	if err != nil || times < 1 || times > 100 {
		http.Error(w, fmt.Sprintf("the pace %q is not a whole number from 1 to 100", text), http.StatusBadRequest)
		return
	}
	d.infrastructure.SetCheckPace(times)
	d.log.Info("health checks", "pace", times)
	w.WriteHeader(http.StatusNoContent)
}

// serveRecord sets DNS records at a provider other than Cloud DNS.
func (d *daemon) serveRecord(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	done(w, d.infrastructure.SetRecord(q.Get("name"), q.Get("type"), q["data"]))
}

// serveZone creates a public zone in Cloud DNS.
func (d *daemon) serveZone(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	done(w, d.infrastructure.CreateZone(q.Get("project"), q.Get("name"), q.Get("domain")))
}

// done answers a request without a result.
func done(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
