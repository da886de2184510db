package web

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

const rcloneStart = 500 * time.Millisecond

// terminated is the exit code of rclone on SIGTERM.
const terminated = 143

// rclone is `rclone serve http DIRECTORY`: a web server of a directory's files.
type rclone struct {
	software.Lifecycle
	listen    []software.HostPort
	directory string
	upAt      time.Time
	up        bool
}

// rcloneOptions are the options that the program sets. Every other one is an error.
var rcloneOptions = []string{"addr", "config", "dir-cache-time"}

// ServesFiles says whether rclone's command line starts its web server.
func ServesFiles(args []string) bool {
	return len(args) > 1 && args[0] == "serve" && args[1] == "http"
}

// NewRclone starts rclone's web server. Options have the form --name=value.
func NewRclone(p *software.Process, args []string, now time.Time) software.Program {
	r := &rclone{Lifecycle: software.Lifecycle{Process: p}, upAt: p.ReadyAt(now, rcloneStart)}
	if err := r.configure(args[2:]); err != nil {
		r.Fail(1, err.Error())
	}
	return r
}

func (r *rclone) configure(args []string) error {
	given := map[string]string{"addr": "127.0.0.1:8080", "dir-cache-time": "5m0s"}
	for _, arg := range args {
		name, value, assigned := strings.Cut(arg, "=")
		switch option := strings.TrimPrefix(name, "--"); {
		case !strings.HasPrefix(arg, "-") && r.directory == "":
			r.directory = arg
		case !assigned || !slices.Contains(rcloneOptions, option):
			return fmt.Errorf("serve http: %s: the model has no such option", arg)
		default:
			given[option] = value
		}
	}
	// The files are replaced, and rclone hears nothing of that.
	if age, err := time.ParseDuration(given["dir-cache-time"]); err != nil || age != 0 {
		return fmt.Errorf("serve http: --dir-cache-time=%s: the model keeps no directories", given["dir-cache-time"])
	}
	at, err := software.ParseHostPort(given["addr"])
	r.listen = []software.HostPort{at}
	if err == nil && r.Process.Files.On(r.directory) == software.Layer {
		err = fmt.Errorf("failed to create file system for %q: directory not found", r.directory)
	}
	return err
}

func (r *rclone) Step(now time.Time, _ software.Network) {
	r.up = r.Exit() == nil && !now.Before(r.upAt)
}

func (r *rclone) Accepts(port int, local bool) bool {
	return r.up && r.Exit() == nil && software.Accepts(r.listen, port, local)
}

// Answer serves a file of the directory.
func (r *rclone) Answer(_ int, request software.Request, _ software.Network) software.Response {
	name, _, _ := strings.Cut(request.Path, "?")
	content, err := r.Process.Files.Read(path.Join(r.directory, path.Clean("/"+name)))
	if err != nil {
		return software.Response{Status: http.StatusNotFound, Body: "File not found\n"}
	}
	return software.Response{Status: http.StatusOK, Body: string(content)}
}

func (r *rclone) Stop(time.Time) { r.End(terminated, "Signal received: terminated") }
