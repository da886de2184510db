package conformance_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// vanish makes the lost region's Syncthing disappear without its machine closing its connections. The others then wait
// five minutes before they talk to the returned one: Syncthing hard-codes that timeout, and checks it every two and a
// half minutes.
var vanish = flag.Bool("vanish", false, "let the Syncthing of the region that is lost vanish from the network: takes ten minutes")

// A region is lost with everything in it, including the leading Placement Driver, while people read, write and upload
// in every region. The other regions' SQL pauses until there is a new leader, and goes on without one failed request or
// statement. Timestamps never go backwards. When
// the region returns it catches up: every upload and every post that was acknowledged, before, during and after the
// loss, is everywhere.
func TestRegionLost(t *testing.T) {
	values := maps.Clone(site)
	maps.Copy(values, withMonitoring)
	w := world.New(t, committed(t, values))
	survivors, lost := w.Stack.Regions[:2], w.Stack.Regions[2]
	pds := startPDs(w)
	tidbs := startTiDBs(w, w.Stack.Regions)
	servers, daemons := startFiles(w)
	if _, err := w.Job(survivors[0].Name, "wordpress-install"); err != nil {
		t.Fatal(err)
	}
	var wordpresses []*kubelet.Pod
	for _, region := range w.Stack.Regions {
		wordpresses = append(wordpresses, w.Start(region.Name, "wordpress"))
	}
	w.Ready(5*time.Minute, wordpresses...)
	lead(t, w, pds, lost.Name)

	s, err := logIn(w, survivors[0])
	if err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := drawPicture(&picture, 900, 675, 1); err != nil {
		t.Fatal(err)
	}
	clock := startClock(w, tidbs[:2])
	t.Cleanup(clock.stop)
	l := startLoad(w, s, picture.Bytes())
	t.Cleanup(l.stop)
	const some = 4
	goOn := func(when string, regions ...*declared.Region) {
		t.Helper()
		before := map[string]progress{}
		for _, region := range regions {
			before[region.Name] = l.progress(region.Name)
		}
		w.Eventually(4*time.Minute, when+" people read, write and upload", func() error {
			for _, region := range regions {
				if err := l.progress(region.Name).beyond(before[region.Name], some); err != nil {
					return fmt.Errorf("%s: %w; failures: %v", region.Name, err, l.failed())
				}
			}
			return nil
		})
	}
	goOn("before the loss", w.Stack.Regions...)
	eyes := startWatch(w)
	seesNothing(t, eyes, "before the loss")

	last := len(w.Stack.Regions) - 1
	if !*vanish {
		daemons[last].Signal(syscall.SIGKILL)
		w.Eventually(time.Minute, "Syncthing is dead", func() error {
			if len(daemons[last].Events("Ended")) < 2 { // the init container's was the first
				return errors.New(w.Describe(daemons[last]))
			}
			return nil
		})
	}
	lostAt := time.Now()
	var wait sync.WaitGroup
	for _, p := range []*kubelet.Pod{wordpresses[last], daemons[last], servers[last], tidbs[last], pds[last]} {
		wait.Go(p.PowerOff)
	}
	wait.Wait()
	goneAt := time.Now()
	w.Eventually(2*time.Minute, "SQL goes on", func() error { return clock.hasTicked(goneAt) })
	goOn("without the region", survivors...)
	seesTheLoss(t, eyes, lost.Name)
	newest := l.newest(survivors[0].Name)
	w.Eventually(time.Minute, "the survivors have each other's uploads", func() error {
		return holds(w, survivors[1].Name, newest)
	})

	servers[last] = w.Start(lost.Name, "nfs")
	pds[last] = w.Start(lost.Name, "pd")
	tidbs[last] = w.Start(lost.Name, "tidb")
	daemons[last] = w.Start(lost.Name, "syncthing")
	wordpresses[last] = w.Start(lost.Name, "wordpress")
	w.Ready(5*time.Minute, servers[last], pds[last], tidbs[last], daemons[last], wordpresses[last])
	quorum(w, pds...)
	backAt := time.Now()
	goOn("with the region", w.Stack.Regions...)
	l.stop()
	clock.stop()

	for _, f := range l.failed() {
		if f.region != lost.Name || f.ended.Before(lostAt) || f.began.After(backAt) {
			t.Errorf("failed: %s", f)
		}
	}
	clock.check(t)
	w.Eventually(10*time.Minute, "every upload is everywhere", func() error {
		for _, region := range w.Stack.Regions {
			for from, all := range l.uploads {
				for _, u := range all {
					if err := holds(w, region.Name, u); err != nil {
						return fmt.Errorf("uploaded in %s: %w", from, err)
					}
				}
			}
		}
		return nil
	})
	// Also the smaller versions that WordPress makes of a picture; and no file exists in one region alone.
	sameEverywhere(t, w, daemons, "the regions have the same files", func(found tree) error {
		if paths := conflicts(found); len(paths) > 0 {
			return fmt.Errorf("%v: nobody changed the same file twice", paths)
		}
		return nil
	})
	for _, region := range w.Stack.Regions {
		there, err := s.in(w, region).posts()
		if err != nil {
			t.Fatalf("listing the posts in %s: %v", region.Name, err)
		}
		for from, all := range l.posts {
			for _, p := range all {
				if there[p.id] != p.title {
					t.Errorf("%s has %q as the post %d, which in %s was written as %q", region.Name, there[p.id], p.id, from, p.title)
				}
			}
		}
	}
	noFailedSQL(t, tidbs...)
	unharmed(t, w, slices.Concat(wordpresses, servers, daemons, pds, tidbs)...)
	t.Logf("when the region was lost, with the leading Placement Driver, a statement waited for up to %.1f s", clock.longest().Seconds())
	for _, region := range w.Stack.Regions {
		t.Logf("%s: %+v", region.Name, l.progress(region.Name))
	}
	seesItBack(t, eyes, daemons)
}

// lead makes a region's Placement Driver the leader.
func lead(t *testing.T, w *world.World, pds []*kubelet.Pod, region string) {
	t.Helper()
	w.Eventually(2*time.Minute, "the leadership is handed over", func() error {
		now, err := askLeader(pds[0])
		if err != nil || now == region {
			return err
		}
		post(t, pds[0], "/pd/api/v1/leader/transfer/pd-"+region, nil)
		return errors.New(now + " still leads")
	})
}

// holds returns an error unless a region's volume holds an upload as it was sent.
func holds(w *world.World, region string, u sent) error {
	path, ok := strings.CutPrefix(u.path, "/wp-content/")
	if !ok {
		return fmt.Errorf("%s is not on the shared volume", u.path)
	}
	content, err := os.ReadFile(filepath.Join(w.Files(region), path))
	if err != nil {
		return err
	}
	if sha256.Sum256(content) != u.sum {
		return fmt.Errorf("%s in %s has other content than what was uploaded", u.path, region)
	}
	return nil
}
