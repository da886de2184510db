package daemon

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// The paths of the control server.
const (
	statusPath = "/status"
	stopPath   = "/stop"
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
	mux.HandleFunc("POST "+failPath+"{kind}", d.serveChange(true))
	mux.HandleFunc("POST "+healPath+"{kind}", d.serveChange(false))
	mux.HandleFunc("POST "+faultsPath, d.serveFaults)
	mux.HandleFunc("POST "+checksPath, d.serveCheckPace)
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
			http.Error(w, "the token in the local cloud's daemon.json is wanted", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (r Record) call(ctx context.Context, method, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+r.Control+path, nil)
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
		return fmt.Errorf("the local cloud (process %d) answers %s: %s", r.PID, response.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// Status returns the daemon's status.
func (r Record) Status(ctx context.Context) (Status, error) {
	var s Status
	err := r.call(ctx, http.MethodGet, statusPath, &s)
	return s, err
}

// Stop asks the daemon to stop and does not wait for the end.
func (r Record) Stop(ctx context.Context) error { return r.call(ctx, http.MethodPost, stopPath, nil) }
