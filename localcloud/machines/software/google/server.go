// Package google models the servers of Google's that pods call: their machines' metadata server, and Cloud Storage.
package google

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software"
)

// The servers, and the ports at which a pod finds them. No other client of Google's is modelled.
const (
	Metadata     = "169.254.169.254"
	MetadataPort = 80
	Storage      = "storage.googleapis.com"
	StoragePort  = 443
)

// account is the metadata server's folder of the pod's account.
const account = "/computeMetadata/v1/instance/service-accounts/default/"

// Server is both servers, as one pod reaches them.
type Server struct {
	software.Lifecycle
	Objects  cloud.Objects
	Workload cloud.Workload
}

// Step does nothing: the server only answers.
func (s *Server) Step(time.Time, software.Network) {}

// Stop does nothing: no pod stops it.
func (s *Server) Stop(time.Time) {}

// Accepts accepts on the servers' ports.
func (s *Server) Accepts(port int, _ bool) bool { return port == MetadataPort || port == StoragePort }

// Answer answers a request of the metadata server, or of Cloud Storage's JSON API. A token is the name of the member that
// it stands for.
func (s *Server) Answer(port int, r software.Request, _ software.Network) software.Response {
	u, err := url.Parse(r.Path)
	if err != nil {
		return software.Response{Status: http.StatusBadRequest}
	}
	if port == MetadataPort {
		return s.metadata(strings.TrimPrefix(u.Path, account))
	}
	token := u.Query().Get("access_token")
	if token == "" {
		return software.Response{Status: http.StatusUnauthorized, Body: "googleapi: Error 401: Anonymous caller does not have " +
			"access to the Google Cloud Storage object., required"}
	}
	bucket, object, ok := strings.Cut(strings.TrimPrefix(u.Path, "/storage/v1/b/"), "/o/")
	uploaded, upload := strings.CutPrefix(u.Path, "/upload/storage/v1/b/")
	switch {
	case upload:
		err = s.Objects.InsertObject(token, strings.TrimSuffix(uploaded, "/o"), u.Query().Get("name"), []byte(r.Body))
		return answer("", err)
	case ok:
		content, err := s.Objects.ReadObject(token, bucket, object)
		return answer(string(content), err)
	}
	found, err := s.Objects.ListObjects(token, strings.TrimSuffix(bucket, "/o"), u.Query().Get("prefix"))
	list, _ := json.Marshal(found)
	return answer(string(list), err)
}

func (s *Server) metadata(what string) software.Response {
	member, err := s.Objects.Member(s.Workload)
	switch what {
	case "token":
		return answer(member, err)
	case "email":
		return answer(strings.TrimPrefix(member, "serviceAccount:"), err)
	}
	return software.Response{Status: http.StatusNotFound}
}

// answer is the response with a body, or with an error as Google's Go client prints it.
func answer(body string, err error) software.Response {
	if err == nil {
		return software.Response{Status: http.StatusOK, Body: body}
	}
	status := http.StatusInternalServerError
	_, _ = fmt.Sscanf(err.Error(), "googleapi: Error %d:", &status)
	return software.Response{Status: status, Body: err.Error()}
}
