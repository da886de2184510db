package conformance_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// What a page costs in a region at a distance from the leaders of the Placement Drivers and of the data, and what a visitor's
// page costs that reads the region's own replica: the figures for choosing regions. Every region has a TiDB beside its
// WordPress.
//
// The store has no replicas. A region's own replica is therefore the store itself, in a region without PD's leader.
func TestFiguresDistance(t *testing.T) {
	values := maps.Clone(site)
	values["geo-wordpress:visitorStaleness"] = staleness
	w := world.New(t, committed(t, values))
	home, away := w.Stack.Regions[0], w.Stack.Regions[1] // the store is in the first
	pds := startPDs(w)
	tidbs := startTiDBs(w, []*declared.Region{home, away})
	if _, err := w.Job(home.Name, "wordpress-install"); err != nil {
		t.Fatal(err)
	}
	wordpress := w.Start(away.Name, "wordpress")
	w.Ready(5*time.Minute, wordpress, w.Start(home.Name, "wordpress"))
	editor, err := logIn(w, away)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 25 {
		if _, err := editor.publish(fmt.Sprintf("A post, number %d", n), "With a text."); err != nil {
			t.Fatal(err)
		}
	}
	id, err := editor.publish("The newest post", "With a text.")
	if err != nil {
		t.Fatal(err)
	}
	pages := visitorsPages(id)
	var table strings.Builder
	fmt.Fprintf(&table, "| | region | round trip | ms | times | statements | to PD | to the store |\n|---|---|---|---|---|---|---|---|\n")
	beside := map[string]time.Duration{} // by page and region, without a distance
	var trips []time.Duration
	number := 0
	for _, distance := range []time.Duration{0, 10 * time.Millisecond, 30 * time.Millisecond} {
		for i, one := range w.Stack.Regions {
			for _, other := range w.Stack.Regions[:i] {
				if err := w.Network.Apart(one.Name, other.Name, distance); err != nil {
					t.Fatal(err)
				}
			}
		}
		trips = append(trips, roundTrip(t, wordpress, pds[0]))
		for _, layout := range []struct {
			region string
			leader *declared.Region // of the Placement Drivers
			in     *declared.Region
			tidb   *kubelet.Pod
			pages  []action
		}{
			{"with the leaders", home, home, tidbs[0], append(newest(pages), editorsPages(w, editor, home, id, &number)...)},
			{"without leaders", home, away, tidbs[1], append(newest(pages), editorsPages(w, editor, away, id, &number)...)},
			{"with a replica, stale", away, home, tidbs[0], pages},
		} {
			lead(t, w, pds, layout.leader.Name)
			for _, does := range layout.pages {
				who := anybody(w, editor, layout.in)
				c := measure(t, layout.tidb, does.name+", "+layout.region, func() error { return does.do(who) })
				// A few statements only set the session, and the others make one round trip or more.
				if least := distance.Seconds() * float64(c.statements); layout.in != home && c.time.Seconds() < least {
					t.Errorf("%s made %d statements over a distance of %v in %v, less than the way takes", does.name, c.statements, distance, c.time)
				}
				key := does.name + layout.region
				if distance == 0 {
					beside[key] = c.time
				}
				fmt.Fprintf(&table, "| %s | %s | %v | %.0f | %.1f | %d | %d | %d |\n", does.name, layout.region, distance,
					1e3*c.time.Seconds(), ratio(c.time, beside[key]), c.statements, c.pd, c.store)
			}
		}
	}
	keepTable(t, w, "distance.md", fmt.Sprintf("Round trips: %.1f ms, %.1f ms and %.1f ms.\n\n%s",
		1e3*trips[0].Seconds(), 1e3*trips[1].Seconds(), 1e3*trips[2].Seconds(), table.String()))
}

// roundTrip measures the round trip from WordPress to a Placement Driver: opening a connection takes one.
func roundTrip(t *testing.T, wordpress, pd *kubelet.Pod) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	const script = `for ($i = 0; $i < 15; $i++) { $t = hrtime(true); fclose(fsockopen($argv[1], 2379)); echo hrtime(true) - $t, "\n"; }`
	code, output, err := wordpress.Exec(ctx, "wordpress", "php", "-r", script, pd.Network.Address.String())
	if err != nil || code != 0 {
		t.Fatalf("measuring the way to PD: %d %s (%v)", code, output, err)
	}
	var all []time.Duration
	for _, text := range strings.Fields(output) {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("measuring the way to PD: %s", output)
		}
		all = append(all, time.Duration(n))
	}
	return slices.Min(all)
}

// action is something that somebody does, with a browser of his own.
type action struct {
	name string
	do   func(*session) error
}

// visitorsPages are for those who are not signed in.
func visitorsPages(post int) []action {
	see := func(path string) func(*session) error {
		return func(s *session) error { _, err := s.get(path); return err }
	}
	return []action{{"the front page", see("/")}, {"a post", see(fmt.Sprintf("/?p=%d", post))}}
}

// newest makes visitors read the newest data, as after a form.
func newest(pages []action) (all []action) {
	for _, p := range pages {
		all = append(all, action{p.name, func(s *session) error {
			site, err := url.Parse(s.site)
			if err != nil {
				return err
			}
			s.client.Jar.SetCookies(site, []*http.Cookie{{Name: "geo_wordpress_wrote", Value: "1"}})
			return p.do(s)
		}})
	}
	return all
}

// editorsPages are what an editor does in a region, and what needs the newest data. number counts what is sent, in all
// regions.
func editorsPages(w *world.World, editor *session, region *declared.Region, post int, number *int) []action {
	here := editor.in(w, region)
	return []action{
		{"the dashboard's list of posts", func(*session) error { _, err := here.get("/wp-admin/edit.php"); return err }},
		{"a post saved (REST)", func(*session) error {
			*number++
			_, err := here.publish(fmt.Sprintf("A post in %s, number %d", region.Name, *number), "With a text.")
			return err
		}},
		{"a comment", func(s *session) error {
			*number++
			return s.comment(post, *number, fmt.Sprintf("Comment %d in %s", *number, region.Name))
		}},
		{"signing in", func(*session) error { _, err := logIn(w, region); return err }},
	}
}

// comment sends a comment, and does not follow to the post. Nobody may send two within 15 seconds, so each comes from
// another author and address.
func (s *session) comment(post, author int, text string) error {
	form := url.Values{"comment_post_ID": {strconv.Itoa(post)}, "comment_parent": {"0"}, "author": {"Somebody"},
		"email": {fmt.Sprintf("somebody%d@example.com", author)}, "comment": {text}}
	request, err := s.form("/wp-comments-post.php", form)
	if err != nil {
		return err
	}
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d, 192.0.2.1", 100+author/200, 1+author%200))
	stays := *s.client
	stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	_, err = (&session{client: &stays, site: s.site}).send(request, http.StatusFound)
	return err
}

// cost is the shortest of several times, without the interference of the rest of the machine, and the median numbers of
// statements and of TiDB's requests to PD and to the store: probes and TiDB's own work add to some.
type cost struct {
	time                  time.Duration
	statements, pd, store int
}

func measure(t *testing.T, tidb *kubelet.Pod, what string, do func() error) cost {
	t.Helper()
	const runs = 5
	var times []time.Duration
	var statements, pd, store []int
	for range runs {
		before := countersOf(t, tidb)
		began := time.Now()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		times = append(times, time.Since(began))
		after := countersOf(t, tidb)
		statements = append(statements, after[0]-before[0])
		pd = append(pd, after[1]-before[1])
		store = append(store, after[2]-before[2])
	}
	return cost{slices.Min(times), median(statements), median(pd), median(store)}
}

// countersOf returns how many commands of clients TiDB has answered since its start, each one round trip for the client,
// and how many requests it has sent to PD for timestamps, and to the store.
func countersOf(t *testing.T, tidb *kubelet.Pod) (counts [3]int) {
	t.Helper()
	code, metrics, err := pageOf(tidb, 10080, "/metrics")
	if err != nil || code != http.StatusOK {
		t.Fatalf("TiDB's metrics: %d (%v)", code, err)
	}
	for line := range strings.Lines(metrics) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "} ")
		var i int
		switch {
		case strings.HasPrefix(name, "tidb_server_query_total{") && !strings.Contains(name, `type="Quit"`):
			i = 0
		case strings.HasPrefix(name, `pd_client_request_handle_requests_duration_seconds_count{`) && strings.Contains(name, `type="tso"`):
			i = 1
		case strings.HasPrefix(name, "tidb_tikvclient_request_seconds_count{"):
			i = 2
		default:
			continue
		}
		count, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		counts[i] += int(count)
	}
	for i, count := range counts {
		if count == 0 {
			t.Fatalf("TiDB's metrics lack the counter %d", i)
		}
	}
	return counts
}
