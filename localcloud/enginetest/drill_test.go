package enginetest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// drillRate is the load, in requests a second.
	drillRate = 220
	// drillSlack is how much a busy machine may add to the health check's detection time.
	drillSlack = 15 * time.Second
	// drillQuiet is how long the load runs on before the next step.
	drillQuiet = 5 * time.Second
)

// TestDrill loses each region in turn and brings it back, and loses two; then it makes an operator's changes. (TestFaultRegion
// loses one for good.) All of this happens under a constant load of requests through the load balancer's address. The
// test prints a timeline, and two tables of what visitors noticed. At the end it loses two regions while Cloud CDN keeps the
// page.
//
// The health check, the leader election in the database, and the timeouts of TiDB and PHP run in real time. Machine
// boots, pod starts and kubelet probes run ten times as fast.
func TestDrill(t *testing.T) {
	b := newFaultBench(t) // with a prebuilt program, so that no compiler disturbs the load
	b.saveAtTheEnd()
	b.pulumi("up --yes --skip-preview")
	d := &drill{bench: b, rotation: watchRotation(b), check: declaredCheck(b)}
	defer d.rotation.stop()
	site := "http://" + strings.TrimSpace(b.outputOf("stack output loadbalancer_ip")) + "/"
	d.say("up, behind %s; %s", site, d.check)
	d.until("every machine is in rotation", d.rotation.all(regionNames...))
	d.load = startLoad(t, site, drillRate)
	defer d.load.end()
	time.Sleep(drillQuiet)

	for _, region := range regionNames {
		d.loseOne(region)
	}
	d.loseTwo(regionNames[0], regionNames[2], site)
	// Pods stop ten times as fast as declared, so the load balancer must check ten times as often.
	d.run(d.tool("localcloud"), "checks", "--pace", "10")
	d.plan("a WordPress image that is broken", d.badImage)
	d.plan("other machines in every region", d.allPools)
	d.plan("a machine drained", d.drainNode) // on the new machines: the old, smaller ones have no room for its pods
	d.load.end()
	d.keepPages(regionNames[0], regionNames[2], site)
	d.report()
	d.reportPlanned()
}

// drill is a running drill.
type drill struct {
	*bench
	rotation *rotation
	check    healthCheck
	load     *load
	acts     []*act
	plans    []plannedChange
}

// act is one loss, from its start to full recovery.
type act struct {
	lost              []string
	began, out        time.Time // when the regions were lost; when they were out of rotation
	healed, back, end time.Time // when they were healed; when they were back in rotation; the end
	survivors         []string
}

func (a *act) name() string { return strings.Join(a.lost, " and ") }

func (d *drill) begin(lost ...string) *act {
	a := &act{lost: lost, began: time.Now()}
	for _, region := range regionNames {
		if !slices.Contains(lost, region) {
			a.survivors = append(a.survivors, region)
		}
	}
	d.acts = append(d.acts, a)
	d.say("lose %s", a.name())
	d.run(d.tool("localcloud"), append([]string{"fail", "region"}, lost...)...)
	return a
}

func (d *drill) loseOne(region string) {
	a := d.begin(region)
	d.until(region+" is out of rotation", d.rotation.none(region))
	a.out = d.rotation.changed(region)
	d.say("%s is out of rotation, %s after it was lost", region, seconds(a.out.Sub(a.began)))
	d.until("visitors are served again", func() bool { return d.load.served(a.out) })
	d.say("the other regions serve")
	time.Sleep(drillQuiet)

	a.healed = time.Now()
	d.say("bring %s back", region)
	d.run(d.tool("localcloud"), "heal", "region", region)
	d.until(region+" is back in rotation", d.rotation.all(region))
	a.back = d.rotation.changed(region)
	d.say("%s is back in rotation, %s after it was brought back", region, seconds(a.back.Sub(a.healed)))
	d.until("every pod is ready", d.podsReady)
	time.Sleep(drillQuiet)
	a.end = time.Now()

	for _, survivor := range a.survivors {
		if at := d.rotation.changed(survivor); at.After(a.began) {
			d.t.Errorf("%s left the rotation while %s was lost: %s", survivor, region, d.rotation.reasons(survivor))
		}
	}
	if took := a.out.Sub(a.began); took > d.check.allows()+drillSlack {
		d.t.Errorf("%s was out of rotation after %s; the health check allows %s", region, took, d.check.allows())
	}
}

// loseTwo loses two regions, and so the quorum.
func (d *drill) loseTwo(one, two, site string) {
	a := d.begin(one, two)
	status, body := get(d.t, site)
	d.say("the site answers %d: %s", status, body)
	if status != http.StatusInternalServerError && status != http.StatusServiceUnavailable {
		d.t.Errorf("without a quorum the site answers %d: %s", status, body)
	}
	d.until("nobody is in rotation", d.rotation.none(regionNames...))
	a.out = d.rotation.changed(regionNames...)
	status, body = get(d.t, site)
	d.say("nobody is in rotation, %s after the loss; the site answers %d: %s", seconds(a.out.Sub(a.began)), status, body)
	if status != http.StatusServiceUnavailable {
		d.t.Errorf("with nobody in rotation the site answers %d: %s", status, body)
	}
	// Either the load balancer or the kubelet notices first: a pod that is not ready has no endpoint.
	if reason := d.rotation.reasons(a.survivors...); !strings.Contains(reason, "database error") && !strings.Contains(reason, "no ready endpoint") {
		d.t.Errorf("%s is not out of rotation for its database: %s", a.survivors[0], reason)
	}

	a.healed = time.Now()
	d.say("bring both back")
	d.run(d.tool("localcloud"), "heal")
	d.until("every machine is in rotation", d.rotation.all(regionNames...))
	a.back = d.rotation.changed(regionNames...)
	d.say("every machine is in rotation, %s after they were brought back", seconds(a.back.Sub(a.healed)))
	d.until("visitors are served again", func() bool { return d.load.served(a.back) })
	d.until("every pod is ready", d.podsReady)
	time.Sleep(drillQuiet)
	a.end = time.Now()
}

// podsReady reports whether every cluster, node and pod is ready.
func (d *drill) podsReady() bool {
	for _, c := range d.rotation.now().Clusters {
		if !c.Ready || c.Pods.Ready != c.Pods.Total || c.Nodes.Ready != c.Nodes.Total {
			return false
		}
	}
	return true
}

// until polls a condition for five minutes.
func (d *drill) until(what string, is func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("not so after five minutes: %s\n%s", what, d.output(d.tool("localcloud"), "status"))
		}
	}
}

var drillBegan = time.Now()

func (d *drill) say(format string, args ...any) {
	d.t.Logf("%6.1f s  %s", time.Since(drillBegan).Seconds(), fmt.Sprintf(format, args...))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// get requests a page as one visitor, and returns the answer's status and its first words.
func get(t *testing.T, url string) (status int, words string) {
	t.Helper()
	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	if _, after, ok := strings.Cut(text, "<h1>"); ok {
		text, _, _ = strings.Cut(after, "</h1>")
	}
	return response.StatusCode, fmt.Sprintf("%.80s", text)
}
