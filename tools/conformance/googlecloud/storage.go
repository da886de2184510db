package googlecloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// permissions of the roles, as far as objects need them (https://cloud.google.com/storage/docs/access-control/iam-roles).
var permissions = map[string][]string{
	"roles/storage.objectCreator":      {"storage.objects.create"},
	"roles/storage.legacyBucketReader": {"storage.buckets.get", "storage.objects.list"},
	"roles/storage.objectViewer":       {"storage.objects.get", "storage.objects.list"},
}

// storage checks a request's permissions, and passes it on.
func (c *Cloud) storage(answer http.ResponseWriter, request *http.Request) {
	bucket, object, needed, err := asks(request)
	if err != nil {
		c.refuse(answer, http.StatusBadRequest, err.Error())
		return
	}
	// Whoever overwrites an object deletes one.
	if slices.Contains(needed, "storage.objects.create") && object != "" {
		if _, err := c.Objects.GetObject(bucket, object); err == nil {
			needed = append(needed, "storage.objects.delete")
		}
	}
	member := "serviceAccount:" + accountOf(request)
	for _, permission := range needed {
		if !c.may(bucket, member, permission) {
			c.refuse(answer, http.StatusForbidden, fmt.Sprintf("%s does not have %s access to the Google Cloud Storage object. "+
				"Permission '%s' denied on resource (or it may not exist). (%s %s, of %s)",
				accountOf(request), permission, permission, request.Method, object, bucket))
			return
		}
	}
	c.Objects.HTTPHandler().ServeHTTP(answer, request)
}

func (c *Cloud) may(bucket, member, permission string) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return slices.ContainsFunc(c.roles[bucket][member], func(role string) bool {
		return slices.Contains(permissions[role], permission)
	})
}

func (c *Cloud) refuse(answer http.ResponseWriter, code int, message string) {
	c.lock.Lock()
	c.refused = append(c.refused, message)
	c.lock.Unlock()
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(code)
	_ = json.NewEncoder(answer).Encode(map[string]any{"error": map[string]any{"code": code, "message": message}})
}

// asks says what a request is about and which permissions it needs. A chunk of an upload that was admitted needs none.
func asks(request *http.Request) (bucket, object string, needed []string, err error) {
	path := request.URL.EscapedPath()
	if request.Header.Get("X-HTTP-Method-Override") != "" {
		return "", "", nil, fmt.Errorf("this stand-in knows no overridden methods")
	}
	if rest, ok := strings.CutPrefix(path, "/upload/storage/v1/b/"); ok {
		bucket, _, _ = strings.Cut(rest, "/")
		if request.URL.Query().Has("upload_id") {
			return bucket, "", nil, nil
		}
		object, err = uploaded(request)
		return bucket, object, []string{"storage.objects.create"}, err
	}
	if strings.HasPrefix(path, "/upload/resumable/") {
		return "", "", nil, nil
	}
	rest, api := strings.CutPrefix(path, "/storage/v1/b/")
	if download, ok := strings.CutPrefix(path, "/download/storage/v1/b/"); ok {
		rest, api = download, true
	}
	if !api { // the XML API, with which Google's libraries read
		bucket, object, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	} else {
		bucket, object, _ = strings.Cut(rest, "/o")
		object = strings.TrimPrefix(object, "/")
	}
	if object, err = url.PathUnescape(object); err != nil {
		return "", "", nil, err
	}
	listing := api && strings.Contains(rest, "/o")
	switch {
	case request.Method == http.MethodGet && object == "" && !listing && api:
		needed = []string{"storage.buckets.get"}
	case request.Method == http.MethodGet && object == "":
		needed = []string{"storage.objects.list"}
	case request.Method == http.MethodGet || request.Method == http.MethodHead:
		needed = []string{"storage.objects.get"}
	case request.Method == http.MethodDelete:
		needed = []string{"storage.objects.delete"}
	default:
		needed = []string{"storage.objects.update"}
	}
	return bucket, object, needed, nil
}

// uploaded returns the name of the object that an upload begins. It is in the query, or in the body's first part.
func uploaded(request *http.Request) (string, error) {
	if name := request.URL.Query().Get("name"); name != "" {
		return name, nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return "", err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	first := body
	if kind, parameters, _ := mime.ParseMediaType(request.Header.Get("Content-Type")); strings.HasPrefix(kind, "multipart/") {
		part, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).NextPart()
		if err != nil {
			return "", err
		}
		if first, err = io.ReadAll(part); err != nil {
			return "", err
		}
	}
	var object struct{ Name string }
	if err := json.Unmarshal(first, &object); err != nil || object.Name == "" {
		return "", fmt.Errorf("an upload without a name: %s", first)
	}
	return object.Name, nil
}
