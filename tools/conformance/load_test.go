package conformance_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"geo-wordpress/tools/conformance/world"
)

// load simulates people who read, write and upload in every region, until it is stopped.
type load struct {
	picture []byte
	ended   chan struct{}
	ending  sync.Once
	workers sync.WaitGroup

	lock     sync.Mutex
	reads    map[string]int       // by region
	posts    map[string][]article // acknowledged, by region
	uploads  map[string][]sent    // acknowledged, by region
	failures []failure
}

type article struct {
	id    int
	title string
}

type sent struct {
	path string // on the site
	sum  [sha256.Size]byte
	at   time.Time
}

type failure struct {
	region, what string
	began, ended time.Time
	err          error
}

func (f failure) String() string {
	return fmt.Sprintf("%s in %s, from %s to %s: %v", f.what, f.region, f.began.Format("15:04:05.0"), f.ended.Format("15:04:05.0"), f.err)
}

// breath is the pause between two actions of a person.
const breath = 300 * time.Millisecond

// startLoad starts a reader and a writer in every region, with a session that is logged in. The picture is a JPEG;
// every upload has its own name and ending.
func startLoad(w *world.World, s *session, picture []byte) *load {
	l := &load{picture: picture, ended: make(chan struct{}), reads: map[string]int{}, posts: map[string][]article{}, uploads: map[string][]sent{}}
	for _, region := range w.Stack.Regions {
		here := s.in(w, region)
		l.workers.Go(func() { l.work(region.Name, func(int) (string, error) { return l.read(region.Name, here) }) })
		l.workers.Go(func() { l.work(region.Name, func(n int) (string, error) { return l.write(region.Name, here, n) }) })
	}
	return l
}

// stop ends the load, once the actions in progress have ended.
func (l *load) stop() {
	l.ending.Do(func() { close(l.ended) })
	l.workers.Wait()
}

func (l *load) work(region string, do func(n int) (what string, err error)) {
	for n := 1; ; n++ {
		began := time.Now()
		if what, err := do(n); err != nil {
			l.lock.Lock()
			l.failures = append(l.failures, failure{region, what, began, time.Now(), err})
			l.lock.Unlock()
		}
		select {
		case <-l.ended:
			return
		case <-time.After(breath):
		}
	}
}

func (l *load) read(region string, s *session) (what string, err error) {
	_, err = s.get("/")
	if err == nil {
		l.lock.Lock()
		defer l.lock.Unlock()
		l.reads[region]++
	}
	return "reading the front page", err
}

func (l *load) write(region string, s *session, n int) (what string, err error) {
	if n%2 == 0 {
		title := fmt.Sprintf("Post %d från %s 你好 😀", n, region)
		id, err := s.publish(title, "Räksmörgås")
		if err == nil {
			l.lock.Lock()
			defer l.lock.Unlock()
			l.posts[region] = append(l.posts[region], article{id, title})
		}
		return "writing a post", err
	}
	name := fmt.Sprintf("%s-%d.jpg", region, n)
	// Viewers ignore what follows the end of a JPEG.
	body := append(slices.Clone(l.picture), name...)
	path, err := s.upload(name, body)
	if err == nil {
		l.lock.Lock()
		defer l.lock.Unlock()
		l.uploads[region] = append(l.uploads[region], sent{path, sha256.Sum256(body), time.Now()})
	}
	return "uploading a picture", err
}

// progress counts what has been done in a region.
type progress struct{ reads, posts, uploads int }

func (l *load) progress(region string) progress {
	l.lock.Lock()
	defer l.lock.Unlock()
	return progress{l.reads[region], len(l.posts[region]), len(l.uploads[region])}
}

// beyond returns an error until so many more of each have been done than before.
func (p progress) beyond(before progress, more int) error {
	if p.reads < before.reads+more || p.posts < before.posts+more || p.uploads < before.uploads+more {
		return fmt.Errorf("%+v so far, %+v before: want %d more of each", p, before, more)
	}
	return nil
}

// newest returns the last upload of a region.
func (l *load) newest(region string) sent {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.uploads[region][len(l.uploads[region])-1]
}

// failed returns what has failed so far.
func (l *load) failed() []failure {
	l.lock.Lock()
	defer l.lock.Unlock()
	return slices.Clone(l.failures)
}
