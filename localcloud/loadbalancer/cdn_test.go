package loadbalancer

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

// declaredCDN is a policy like the program's.
func declaredCDN() *cloud.CDN {
	return &cloud.CDN{Protocol: true, Host: true, Query: true, Cookies: []string{"logged_in", "wrote"},
		Bypass: []string{"Authorization"}, Stale: time.Hour}
}

func TestWhatIsKept(t *testing.T) {
	const page = "public, max-age=10"
	for name, c := range map[string]struct {
		method  string
		asked   string // the request's Cache-Control
		status  int
		headers string // of the answer
		fresh   int    // seconds; 0 if it is not kept
		stale   int
	}{
		"a page":                      {headers: "Cache-Control: " + page, fresh: 10, stale: 3600},
		"without public":              {headers: "Cache-Control: max-age=10", fresh: 10, stale: 3600},
		"two headers":                 {headers: "Cache-Control: public; Cache-Control: max-age=10", fresh: 10, stale: 3600},
		"only for shared caches":      {headers: "Cache-Control: public, s-maxage=60, max-age=10", fresh: 60},
		"stale as it says":            {headers: "Cache-Control: max-age=10, stale-while-revalidate=5", fresh: 10, stale: 5},
		"stale if there is an error":  {headers: "Cache-Control: max-age=10, stale-if-error=5", fresh: 10, stale: 3600},
		"never stale":                 {headers: "Cache-Control: max-age=10, must-revalidate", fresh: 10},
		"never stale in a proxy":      {headers: "Cache-Control: max-age=10, proxy-revalidate", fresh: 10},
		"for the holder of an entry":  {headers: "Cache-Control: max-age=10, immutable", fresh: 10, stale: 3600},
		"an end":                      {headers: "Date: Thu, 26 Nov 2026 12:00:00 GMT; Expires: Thu, 26 Nov 2026 12:01:00 GMT", fresh: 60, stale: 3600},
		"an end that does not count":  {headers: "Cache-Control: public; Expires: Thu, 26 Nov 2099 12:01:00 GMT"},
		"an end that is past":         {headers: "Expires: 0"},
		"no age":                      {headers: ""},
		"no age, but a date":          {headers: "Last-Modified: Thu, 26 Nov 2020 12:01:00 GMT"},
		"an age of nothing":           {headers: "Cache-Control: public, max-age=0"},
		"private":                     {headers: "Cache-Control: private, max-age=10"},
		"not to be stored":            {headers: "Cache-Control: no-store, max-age=10"},
		"to be asked for":             {headers: "Cache-Control: public, no-cache, max-age=10"},
		"WordPress's own page":        {headers: "Cache-Control: no-cache, must-revalidate, max-age=0, no-store, private"},
		"a cookie":                    {headers: "Cache-Control: " + page + "; Set-Cookie: a=b"},
		"varies by the cookies":       {headers: "Cache-Control: " + page + "; Vary: Cookie"},
		"varies by everything":        {headers: "Cache-Control: " + page + "; Vary: *"},
		"varies by the encoding":      {headers: "Cache-Control: " + page + "; Vary: Accept-Encoding, Origin", fresh: 10, stale: 3600},
		"varies by encoding and more": {headers: "Cache-Control: " + page + "; Vary: Accept-Encoding, User-Agent"},
		"a client who forbids it":     {asked: "no-store", headers: "Cache-Control: " + page},
		"a client in a hurry":         {asked: "no-cache, max-age=0", headers: "Cache-Control: " + page, fresh: 10, stale: 3600},
		"headers only":                {method: http.MethodHead, headers: "Cache-Control: " + page},
		"a form":                      {method: http.MethodPost, headers: "Cache-Control: " + page},
		"a redirect":                  {status: 301, headers: "Cache-Control: " + page, fresh: 10, stale: 3600},
		"a redirect without an age":   {status: 301},
		"no such page":                {status: 404, headers: "Cache-Control: " + page, fresh: 10, stale: 3600},
		"a part":                      {status: 206, headers: "Cache-Control: " + page},
		"an error":                    {status: 500, headers: "Cache-Control: " + page},
		"a pause":                     {status: 503, headers: "Cache-Control: " + page},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequest(c.method, "http://site/", nil)
			require.NoError(t, err)
			if c.asked != "" {
				request.Header.Set("Cache-Control", c.asked)
			}
			response := reply(max(c.status, 200), "")
			if c.status != 0 {
				response.StatusCode = c.status
			}
			for _, header := range strings.Split(c.headers, "; ") {
				if name, value, ok := strings.Cut(header, ": "); ok {
					response.Header.Add(name, value)
				}
			}
			e := newEntry(declaredCDN(), request, response, time.Now())
			if c.fresh == 0 {
				assert.Nil(t, e)
				return
			}
			require.NotNil(t, e)
			assert.Equal(t, []time.Duration{time.Duration(c.fresh) * time.Second, time.Duration(c.stale) * time.Second},
				[]time.Duration{e.fresh, e.stale})
		})
	}
}

// cachedStage is a stage with Cloud CDN whose machines answer with a page of ten seconds and the number of the request.
// The cache's clock goes on by steps only.
type cachedStage struct {
	*stage
	answers atomic.Int64
	ahead   atomic.Int64
}

func newCachedStage(t *testing.T, change func(*cloud.BackendService)) *cachedStage {
	s := &cachedStage{stage: newStage(t)}
	s.service().CDN = declaredCDN()
	if change != nil {
		change(s.service())
	}
	s.answer(func(r *http.Request) (*http.Response, error) {
		response := reply(200, fmt.Sprintf("page %d", s.answers.Add(1)))
		response.Header.Set("Cache-Control", "public, max-age=10")
		if r.Header.Get("Cookie") != "" {
			response.Header.Set("Cache-Control", "private, no-store")
		}
		return response, nil
	})
	began := time.Now()
	s.start()
	s.lb.update()
	s.lb.mu.Lock()
	for _, service := range s.lb.services {
		service.kept.now = func() time.Time { return began.Add(time.Duration(s.ahead.Load())) }
	}
	s.lb.mu.Unlock()
	s.healthy()
	return s
}

// answer sets what all machines answer to requests.
func (s *cachedStage) answer(behave func(*http.Request) (*http.Response, error)) {
	s.set(func() {
		for _, region := range regions {
			for n := range 2 {
				s.behave[instanceName(region, n)] = only(behave)
			}
		}
	})
}

func (s *cachedStage) pass(d time.Duration) { s.ahead.Add(int64(d)) }

func TestAPageIsKept(t *testing.T) {
	s := newCachedStage(t, nil)
	first := s.get("/")
	assert.Equal(t, "page 1", first.body)
	assert.Empty(t, first.header.Get("Age"))
	s.pass(5 * time.Second)
	again := s.get("/")
	assert.Equal(t, []string{"page 1", "5", "public, max-age=10", "1.1 google"},
		[]string{again.body, again.header.Get("Age"), again.header.Get("Cache-Control"), again.header.Get("Via")})
	head, err := s.try(http.MethodHead, "/", "")
	require.NoError(t, err)
	assert.Equal(t, []string{"", "5"}, []string{head.body, head.header.Get("Age")})

	// Another page, query or host, and the order of a query.
	assert.Equal(t, "page 2", s.get("/other").body)
	assert.Equal(t, "page 3", s.get("/?a=1&b=2").body)
	assert.Equal(t, "page 3", s.get("/?b=2&a=1").body)
	assert.Equal(t, "page 4", s.get("/?a=1&b=3").body)

	// A form, and a request that goes past the cache, neither get nor leave a page.
	form, err := s.try(http.MethodPost, "/", "a=b")
	require.NoError(t, err)
	assert.Equal(t, "page 5", form.body)
	assert.Equal(t, "page 6", s.get("/", "Authorization", "Bearer x").body)
	assert.Equal(t, "page 1", s.get("/").body)
}

func TestSomebodyWithACookieNeitherGetsNorLeavesAPage(t *testing.T) {
	s := newCachedStage(t, nil)
	assert.Equal(t, "page 1", s.get("/", "Cookie", "logged_in=me").body, "before anybody else")
	assert.Equal(t, "page 2", s.get("/").body)
	assert.Equal(t, "page 3", s.get("/", "Cookie", "other=1; logged_in=me").body)
	assert.Equal(t, "page 4", s.get("/", "Cookie", "wrote=1").body)
	assert.Equal(t, "page 2", s.get("/").body)
	// A cookie that is not in the key: WordPress made nothing for its holder that could be kept, but what is kept, he gets.
	assert.Equal(t, "page 2", s.get("/", "Cookie", "other=1").body)
	assert.Equal(t, "page 5", s.get("/new", "Cookie", "other=1").body)
	assert.Equal(t, "page 6", s.get("/new").body)
}

// The first visitor after a page has expired gets it still; the next gets a new one. Nobody's cookies make it.
func TestAnExpiredPageIsRenewed(t *testing.T) {
	s := newCachedStage(t, nil)
	require.Equal(t, "page 1", s.get("/").body)
	s.pass(11 * time.Second)
	expired := s.get("/", "Cookie", "other=1", "User-Agent", "Somebody's")
	assert.Equal(t, []string{"page 1", "11"}, []string{expired.body, expired.header.Get("Age")})
	s.eventually("the page is new", func() bool { return s.get("/").body != "page 1" })
	assert.Equal(t, "page 2", s.get("/").body)
	assert.Equal(t, "0", s.get("/").header.Get("Age"))
	var renewals []*http.Request
	s.set(func() {
		for _, requests := range s.received {
			for _, r := range requests {
				if r.Header.Get("User-Agent") == "Cloud-CDN-Google" {
					renewals = append(renewals, r)
				}
			}
		}
	})
	require.Len(t, renewals, 1)
	assert.Empty(t, renewals[0].Header.Get("Cookie"))

	s.pass(10*time.Second + time.Hour)
	assert.Equal(t, "page 3", s.get("/").body, "it is too old to be shown to anybody")

	// A client may want it less stale.
	s.pass(20 * time.Second)
	assert.Equal(t, "page 4", s.get("/", "Cache-Control", "max-stale=5").body)
}

func TestAPageThatHasGoneIsForgotten(t *testing.T) {
	s := newCachedStage(t, nil)
	require.Equal(t, "page 1", s.get("/").body)
	s.answer(func(*http.Request) (*http.Response, error) { return reply(404, "no page"), nil })
	s.pass(11 * time.Second)
	assert.Equal(t, "page 1", s.get("/").body)
	s.eventually("the page has gone", func() bool { return s.get("/").status == 404 })
}

func TestAFileThatHasNotChangedStays(t *testing.T) {
	s := newCachedStage(t, nil)
	s.answer(func(r *http.Request) (*http.Response, error) {
		response := reply(200, "the file")
		if r.Header.Get("If-None-Match") == `"1"` {
			response = reply(304, "")
			s.answers.Add(1)
		}
		response.Header.Set("Cache-Control", "max-age=300")
		response.Header.Set("ETag", `"1"`)
		return response, nil
	})
	require.Equal(t, "the file", s.get("/style.css").body)
	s.pass(301 * time.Second)
	require.Equal(t, "the file", s.get("/style.css").body)
	s.eventually("the file is fresh", func() bool { return s.get("/style.css").header.Get("Age") == "0" })
	assert.EqualValues(t, 1, s.answers.Load())
	// A client who has the file, and one who wants a part.
	assert.Equal(t, 304, s.get("/style.css", "If-None-Match", `"1"`).status)
	part := s.get("/style.css", "Range", "bytes=4-")
	assert.Equal(t, []any{206, "file"}, []any{part.status, part.body})
}

// Two regions are lost and the third has no database: its pages fail, and then no instance is healthy.
func TestVisitorsKeepTheirPagesWhenTheRegionsFail(t *testing.T) {
	s := newCachedStage(t, nil)
	require.Equal(t, "page 1", s.get("/").body)
	s.answer(func(*http.Request) (*http.Response, error) { return reply(500, "no database"), nil })
	var lost []string
	s.set(func() {
		for _, region := range regions[:2] {
			for n := range 2 {
				s.silent[instanceName(region, n)] = true
			}
		}
	})
	s.pass(time.Minute)
	for range 3 {
		assert.Equal(t, "page 1", s.get("/").body, "the others' pages fail")
	}
	assert.Equal(t, 500, s.get("/", "Cookie", "logged_in=me").status, "an editor sees it")

	for _, region := range regions {
		for n := range 2 {
			lost = append(lost, instanceName(region, n))
			s.set(func() {
				s.silent[instanceName(region, n)] = false
				s.behave[instanceName(region, n)] = func(*http.Request) (*http.Response, error) { return reply(503, "no database"), nil }
			})
		}
	}
	s.healthy(lost...)
	s.pass(30 * time.Minute)
	stale := s.get("/")
	assert.Equal(t, []any{200, "page 1", "1860"}, []any{stale.status, stale.body, stale.header.Get("Age")})
	assert.Equal(t, 503, s.get("/never-visited").status)
	s.pass(time.Hour)
	assert.Equal(t, 503, s.get("/").status, "after that time, they fail for visitors too")
}

func TestVariantsAreKeptApart(t *testing.T) {
	s := newCachedStage(t, nil)
	s.answer(func(r *http.Request) (*http.Response, error) {
		response := reply(200, fmt.Sprintf("%s %d", r.Header.Get("Accept-Encoding"), s.answers.Add(1)))
		response.Header.Set("Cache-Control", "public, max-age=10")
		response.Header.Set("Vary", "Accept-Encoding")
		return response, nil
	})
	for range 2 {
		assert.Equal(t, "br 1", s.get("/", "Accept-Encoding", "br").body)
		assert.Equal(t, "identity 2", s.get("/", "Accept-Encoding", "identity").body)
	}
}

// The affinity's cookie is one like any other: with it, nothing is kept.
func TestTheAffinitysCookieKeepsPagesOutOfTheCache(t *testing.T) {
	s := newCachedStage(t, func(b *cloud.BackendService) { b.Sticky = true })
	assert.Equal(t, "page 1", s.get("/").body)
	assert.Equal(t, "page 2", s.get("/").body)
}

func TestAnAddressStaysWithItsInstance(t *testing.T) {
	s := newCachedStage(t, func(b *cloud.BackendService) { b.StickyByIP, b.CDN = true, nil })
	for range 10 {
		require.Equal(t, 200, s.get("/").status)
	}
	var served []string
	s.set(func() {
		for instance := range s.received {
			served = append(served, instance)
		}
	})
	require.Len(t, served, 1)
	s.set(func() { s.silent[served[0]] = true })
	s.healthy(served[0])
	assert.Equal(t, 200, s.get("/").status)
}

func TestNothingIsKeptWithoutTheCDN(t *testing.T) {
	s := newCachedStage(t, nil)
	require.Equal(t, "page 1", s.get("/").body)
	s.change(func(b *cloud.BackendService) { b.CDN = nil })
	s.eventually("the cache is off", func() bool { return s.get("/").body != "page 1" })
	s.change(func(b *cloud.BackendService) { b.CDN = declaredCDN() })
	s.eventually("the cache is on", func() bool {
		first := s.get("/").body
		return s.get("/").body == first
	})
	assert.NotEqual(t, "page 1", s.get("/").body)
}
