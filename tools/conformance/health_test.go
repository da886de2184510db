package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/ports"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"

	"golang.org/x/sys/unix"
)

// The health page answers 200 before there is a site, or nobody could install one; during a pause of the database, such
// as a leader election, even if all of the site's processes wait for it; and afterwards. It answers 503 if the pause
// does not end, and at once if the region's own TiDB, its files or the site's web server are gone. It always answers
// within the load balancer's timeout.
func TestWordPressHealth(t *testing.T) {
	w := world.New(t, committed(t, site))
	region := w.Stack.Regions[0].Name
	tidb := startDatabase(w)
	wordpress := w.Start(region, "wordpress")
	w.Ready(3*time.Minute, wordpress)
	unharmed(t, w, wordpress)
	if code, text := health(t, wordpress); code != http.StatusOK {
		t.Errorf("before the installation: %d %s", code, text)
	}
	if _, err := w.Job(region, "wordpress-install"); err != nil {
		t.Fatal(err)
	}
	if code, text := health(t, wordpress); code != http.StatusOK {
		t.Errorf("after the installation: %d %s", code, text)
	}

	if err := answersWithoutDatabase(wordpress); err != nil {
		t.Fatal(err)
	}
	tidb.Freeze()
	// An election takes up to 30 seconds. The health check right after it must still get 200.
	const election, patience = 35 * time.Second, 90 * time.Second
	frozen := time.Now()
	leave := crowd(wordpress)
	defer leave()
	crowded := false
	for {
		if !crowded {
			crowded = answersWithoutDatabase(wordpress) != nil
		}
		code, text := health(t, wordpress)
		passed := time.Since(frozen)
		if code == http.StatusServiceUnavailable && passed >= election {
			t.Logf("a database that pauses is taken for a failure after %.0f s: %s", passed.Seconds(), strings.TrimSpace(text))
			break
		}
		if code != http.StatusOK {
			t.Fatalf("%.1f s into a pause of the database: %d %s", passed.Seconds(), code, text)
		}
		if passed > patience {
			t.Fatalf("%.1f s into a pause of the database: still %d %s", passed.Seconds(), code, text)
		}
		time.Sleep(time.Second)
	}
	if !crowded {
		t.Error("the site never ran out of processes, so nothing is known of the health page then")
	}
	w.Eventually(time.Minute, "the pod is not ready", func() error {
		if wordpress.Ready() {
			return errors.New("it is")
		}
		return nil
	})
	// A restart repairs no database: no probe may restart a container, however long this takes.
	var longest time.Duration
	for _, name := range []string{"wordpress", "health"} {
		probe := wordpress.Container(name).LivenessProbe
		longest = max(longest, time.Duration(probe.PeriodSeconds*(probe.FailureThreshold+1))*time.Second)
	}
	time.Sleep(longest)
	unharmed(t, w, wordpress)
	leave()
	tidb.Thaw()
	w.Ready(time.Minute, wordpress, tidb)

	tidb.PowerOff()
	if code, text := health(t, wordpress); code != http.StatusServiceUnavailable {
		t.Errorf("without a TiDB: %d %s", code, text)
	}
	tidb = w.Start(region, "tidb")
	w.Ready(3*time.Minute, tidb)
	if code, text := health(t, wordpress); code != http.StatusOK {
		t.Errorf("with a new TiDB: %d %s", code, text)
	}
	w.Ready(time.Minute, wordpress)

	withoutFiles(t, w, wordpress)
	unharmed(t, w, wordpress)
	fullQueue(t, w, wordpress, tidb)
	unharmed(t, w, wordpress)
	withoutApache(t, w, wordpress)
}

// fullQueue checks that a web server that accepts no more connections counts as a failure, except during a pause of the
// database: the pause causes it on a busy site, and the pod stays in rotation.
func fullQueue(t *testing.T, w *world.World, wordpress, tidb *kubelet.Pod) {
	t.Helper()
	leave := fillQueue(wordpress)
	defer leave()
	w.Eventually(time.Minute, "a site that takes no connections is no good", func() error {
		if code, text := health(t, wordpress); code != http.StatusServiceUnavailable || !strings.Contains(text, "web server") {
			return fmt.Errorf("%d %s", code, text)
		}
		return nil
	})
	leave()
	w.Eventually(time.Minute, "the queue is served", func() error { return answersWithoutDatabase(wordpress) })
	w.Ready(time.Minute, wordpress)

	leave = fillQueue(wordpress)
	defer leave()
	if code, text := health(t, wordpress); code != http.StatusOK && !strings.Contains(text, "web server") {
		t.Errorf("with a full queue: %d %s", code, text)
	}
	tidb.Freeze()
	for frozen := time.Now(); time.Since(frozen) < 25*time.Second; {
		if code, text := health(t, wordpress); code != http.StatusOK {
			t.Errorf("%.1f s into a pause of the database, with a full queue: %d %s", time.Since(frozen).Seconds(), code, text)
		}
	}
	if !wordpress.Ready() {
		t.Errorf("a full queue during a pause of the database made the pod unready\n%s", w.Describe(wordpress))
	}
	leave()
	tidb.Thaw()
	w.Ready(time.Minute, wordpress, tidb)
}

// withoutFiles makes every access to the shared volume hang, as if its NFS server were away.
func withoutFiles(t *testing.T, w *world.World, wordpress *kubelet.Pod) {
	t.Helper()
	answer := silence(t, w.Files(wordpress.Region.Name))
	for range 3 { // more than the page has processes, in case they hang too
		if code, text := health(t, wordpress); code != http.StatusServiceUnavailable || !strings.Contains(text, "files") {
			t.Errorf("without files: %d %s", code, text)
			break
		}
	}
	w.Eventually(time.Minute, "the pod is not ready", func() error {
		if wordpress.Ready() {
			return errors.New("it is")
		}
		return nil
	})
	answer()
	if code, text := health(t, wordpress); code != http.StatusOK {
		t.Errorf("with its files again: %d %s", code, text)
	}
	w.Ready(time.Minute, wordpress)
}

// silence makes every open of a directory, and of what is directly in it, block until answer is called. A blocked
// process can be killed but not interrupted, as with a lost NFS server.
func silence(t *testing.T, directory string) (answer func()) {
	t.Helper()
	events, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC, unix.O_RDONLY)
	if err != nil {
		t.Fatal("fanotify:", err)
	}
	// Nobody reads the permission requests. Closing the descriptor grants them all.
	answer = sync.OnceFunc(func() { unix.Close(events) })
	t.Cleanup(answer)
	if err := unix.FanotifyMark(events, unix.FAN_MARK_ADD, unix.FAN_OPEN_PERM|unix.FAN_ONDIR|unix.FAN_EVENT_ON_CHILD, unix.AT_FDCWD, directory); err != nil {
		t.Fatal("fanotify:", err)
	}
	return answer
}

// withoutApache stops the site's web server, which takes a while to come back.
func withoutApache(t *testing.T, w *world.World, wordpress *kubelet.Pod) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if code, output, err := wordpress.Exec(ctx, "wordpress", "sh", "-c", "kill -TERM 1"); err != nil {
		t.Fatalf("ending the site's web server: %d %s %v", code, output, err)
	}
	w.Eventually(2*time.Minute, "the health page says that the site's web server is gone", func() error {
		if code, text := health(t, wordpress); code != http.StatusServiceUnavailable || !strings.Contains(text, "web server") {
			return fmt.Errorf("%d %s", code, text)
		}
		return nil
	})
	w.Eventually(2*time.Minute, "it is back", func() error {
		if code, text := health(t, wordpress); code != http.StatusOK {
			return fmt.Errorf("%d %s", code, text)
		}
		return nil
	})
}

// crowd requests the front page more often at once than the site has processes, until leave is called.
func crowd(wordpress *kubelet.Pod) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for range 24 {
		wait.Go(func() {
			if response, err := world.Get(ctx, wordpress, ports.HTTP, "/"); err == nil {
				response.Body.Close()
			}
		})
	}
	return func() {
		cancel()
		wait.Wait()
	}
}

// fillQueue opens connections to the site, with requests that never end, until it accepts no more, and replaces those
// that the site closes, until leave is called.
func fillQueue(wordpress *kubelet.Pod) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	address := net.JoinHostPort(wordpress.Network.Address.String(), strconv.Itoa(ports.HTTP))
	full := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		var open []net.Conn
		refused := sync.OnceFunc(func() { close(full) })
		defer refused()
		for ctx.Err() == nil {
			connection, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", address)
			if err != nil {
				refused()
				time.Sleep(10 * time.Millisecond)
				continue
			}
			open = append(open, connection)
			// Apache only sees a connection once there is something to read.
			_, _ = connection.Write([]byte("GET / HTTP/1.1\r\n"))
		}
		for _, connection := range open {
			connection.Close()
		}
	})
	<-full
	return func() {
		cancel()
		wait.Wait()
	}
}

// answersWithoutDatabase returns why the site does not answer a request that needs no database.
func answersWithoutDatabase(wordpress *kubelet.Pod) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	response, err := world.Get(ctx, wordpress, ports.HTTP, "/wp-includes/images/blank.gif")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// probers is the number of concurrent requests for the health page.
const probers = 8

// health requests the health page as the health checkers do, several at a time, and fails the test if an answer takes
// longer than the load balancer waits. It returns the worst answer.
func health(t *testing.T, wordpress *kubelet.Pod) (code int, text string) {
	t.Helper()
	type answer struct {
		code int
		text string
		took time.Duration
		err  error
	}
	answers := make([]answer, probers)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() {
			began := time.Now()
			code, text, err := healthPage(wordpress)
			answers[i] = answer{code, text, time.Since(began), err}
		})
	}
	wait.Wait()
	for _, a := range answers {
		if a.err != nil {
			t.Fatalf("the health page, after %.1f s: %v", a.took.Seconds(), a.err)
		}
		if a.took > loadbalancer.CheckTimeoutSeconds*time.Second {
			t.Errorf("the health page took %.1f s, longer than the health check waits: %d %s", a.took.Seconds(), a.code, a.text)
		}
	}
	worst := slices.MaxFunc(answers, func(a, b answer) int { return a.code - b.code })
	return worst.code, worst.text
}

// healthPage returns the health page's answer.
func healthPage(wordpress *kubelet.Pod) (code int, text string, err error) {
	return pageOf(wordpress, ports.Health, loadbalancer.HealthPath)
}

// pageOf returns a pod's answer to a request for a page.
func pageOf(pod *kubelet.Pod, port int, path string) (code int, text string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	response, err := world.Get(ctx, pod, port, path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}
