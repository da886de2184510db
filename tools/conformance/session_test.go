package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/world"
)

// session is a user who is logged in to the site, and whom the load balancer sends to one region.
type session struct {
	client *http.Client
	site   string
	nonce  string
}

// logIn logs in through the form, as the user that the declared installation creates.
func logIn(w *world.World, region *declared.Region) (*session, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s := &session{client: &http.Client{Jar: jar}, site: w.Stack.Output("site_url")}
	s = s.in(w, region)
	form := url.Values{"log": {w.Stack.Output("admin", "user")}, "pwd": {w.Stack.Output("admin", "password")}, "testcookie": {"1"}}
	// The login requires the test cookie that its page sets.
	if _, err := s.get("/wp-login.php"); err != nil {
		return nil, err
	}
	request, err := s.form("/wp-login.php", form)
	if err != nil {
		return nil, err
	}
	page, err := s.send(request, http.StatusOK)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(page, []byte("wpadminbar")) {
		return nil, fmt.Errorf("the login in %s does not lead to the dashboard", region.Name)
	}
	nonce, err := s.get("/wp-admin/admin-ajax.php?action=rest-nonce")
	s.nonce = string(nonce)
	return s, err
}

// in returns the same session with its requests sent to another region's WordPress.
func (s *session) in(w *world.World, region *declared.Region) *session {
	key, _ := region.Service("wordpress")
	name := key.Name + "." + key.Namespace + ".svc." + region.DNSDomain
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			addresses := w.Names.Lookup(name)
			if len(addresses) == 0 {
				return nil, fmt.Errorf("there is no %s", name)
			}
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(addresses[0].String(), "80"))
		},
	}
	// Longer than any pause of the database that the site must survive.
	return &session{&http.Client{Jar: s.client.Jar, Transport: transport, Timeout: 2 * time.Minute}, s.site, s.nonce}
}

// get returns the body of a page, which must answer 200.
func (s *session) get(path string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, s.site+path, nil)
	if err != nil {
		return nil, err
	}
	return s.send(request, http.StatusOK)
}

// form is the request that sends a form.
func (s *session) form(path string, values url.Values) (*http.Request, error) {
	request, err := http.NewRequest(http.MethodPost, s.site+path, strings.NewReader(values.Encode()))
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return request, err
}

// publish writes a post, and returns its ID.
func (s *session) publish(title, text string) (id int, err error) {
	body, err := json.Marshal(map[string]string{"title": title, "content": text, "status": "publish"})
	if err != nil {
		return 0, err
	}
	var made struct{ ID int }
	return made.ID, s.create("posts", "application/json", "", body, &made)
}

// upload uploads a JPEG, and returns its path on the site.
func (s *session) upload(name string, picture []byte) (path string, err error) {
	var made struct {
		Address string `json:"source_url"`
	}
	if err := s.create("media", "image/jpeg", name, picture, &made); err != nil {
		return "", err
	}
	return strings.TrimPrefix(made.Address, s.site), nil
}

// posts returns the titles of all published posts, by ID.
func (s *session) posts() (map[int]string, error) {
	all := map[int]string{}
	for page := 1; ; page++ {
		text, err := s.get(fmt.Sprintf("/?rest_route=/wp/v2/posts&per_page=100&page=%d&_fields=id,title", page))
		// WordPress answers this for the page after the last, and the last page may be full.
		if err != nil && page > 1 && strings.Contains(err.Error(), "rest_post_invalid_page_number") {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var some []struct {
			ID    int
			Title struct{ Rendered string }
		}
		if err := json.Unmarshal(text, &some); err != nil {
			return nil, fmt.Errorf("%w in %s", err, text)
		}
		for _, post := range some {
			all[post.ID] = post.Title.Rendered
		}
		if len(some) < 100 {
			return all, nil
		}
	}
}

func (s *session) create(kind, contentType, file string, body []byte, into any) error {
	request, err := http.NewRequest(http.MethodPost, s.site+"/?rest_route=/wp/v2/"+kind, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-WP-Nonce", s.nonce)
	if file != "" {
		request.Header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", file))
	}
	answer, err := s.send(request, http.StatusCreated)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%w in %s", err, answer)
	}
	return nil
}

func (s *session) send(request *http.Request, want int) ([]byte, error) {
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != want {
		return nil, fmt.Errorf("%s %s: %s: %.500s", request.Method, request.URL, response.Status, body)
	}
	return body, nil
}

// A site with exactly as many posts as fill its pages has no page after the last.
func TestPostsThatFillTheLastPage(t *testing.T) {
	const pages = 2
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, err := strconv.Atoi(r.FormValue("page"))
		if err != nil || page > pages {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"code":"rest_post_invalid_page_number","data":{"status":400}}`)
			return
		}
		var posts []map[string]any
		for i := range 100 {
			posts = append(posts, map[string]any{"id": 100*page + i, "title": map[string]string{"rendered": "a post"}})
		}
		if err := json.NewEncoder(w).Encode(posts); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	posts, err := (&session{client: server.Client(), site: server.URL}).posts()
	if err != nil || len(posts) != 100*pages {
		t.Errorf("%d posts, %v", len(posts), err)
	}
}
