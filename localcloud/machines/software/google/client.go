package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software"
)

// timeout is the clients' timeout for an answer.
const timeout = 30 * time.Second

// Bucket is a bucket as a program with Google's client library uses it.
type Bucket struct {
	Network software.Network
	Name    string
}

// Insert creates an object.
func (b Bucket) Insert(name string, content []byte) error {
	_, err := b.call(http.MethodPost, "/upload", "", url.Values{"name": {name}}, string(content))
	return err
}

// Read returns an object's content.
func (b Bucket) Read(name string) ([]byte, error) {
	content, err := b.call(http.MethodGet, "", "/"+url.PathEscape(name), url.Values{"alt": {"media"}}, "")
	return []byte(content), err
}

// Object is an object in a list.
type Object = cloud.Object

// List returns the objects whose names have a prefix, in order of their names.
func (b Bucket) List(prefix string) (found []Object, err error) {
	list, err := b.call(http.MethodGet, "", "", url.Values{"prefix": {prefix}}, "")
	if err == nil {
		err = json.Unmarshal([]byte(list), &found)
	}
	return found, err
}

// call fetches a token and sends a request with it.
func (b Bucket) call(method, api, object string, query url.Values, body string) (string, error) {
	token, err := b.send(Metadata, MetadataPort, software.Request{Path: account + "token"})
	if err != nil {
		return "", fmt.Errorf("cannot fetch token: %w", err)
	}
	query.Set("access_token", token)
	return b.send(Storage, StoragePort, software.Request{Method: method, Body: body,
		Path: api + "/storage/v1/b/" + b.Name + "/o" + object + "?" + query.Encode()})
}

func (b Bucket) send(host string, port int, r software.Request) (string, error) {
	remote, err := b.Network.Dial(host, port)
	if err != nil {
		return "", err
	}
	r.Waited = timeout
	response := remote.Send(r)
	if response.Status != http.StatusOK {
		return "", errors.New(response.Body)
	}
	return response.Body, nil
}
