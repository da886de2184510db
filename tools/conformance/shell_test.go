package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/mailserver"
	"geo-wordpress/tools/conformance/world"
)

// cluster does what tools/wp asks of kubectl: it makes Jobs of the declared CronJob.
type cluster struct {
	t       *testing.T
	w       *world.World
	entered chan struct{} // receives when a command starts in a pod

	lock sync.Mutex
	jobs map[string]*kubelet.Pod
	made []*kubelet.Pod
}

func (c *cluster) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	text, err := io.ReadAll(request.Body)
	if err != nil {
		c.t.Error(err)
	}
	args := strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	status, output := c.run(request, args)
	fmt.Fprintf(answer, "%d\t%s", status, output)
}

// run runs one of the commands that tools/wp and docs/shell.md have.
func (c *cluster) run(request *http.Request, args []string) (status int, output string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	region := c.w.Stack.Regions[0].Name
	where := []string{"--context", region, "-n", "wordpress"}
	if len(args) < 7 || !slices.Equal(args[:4], where) {
		c.t.Errorf("kubectl %q", args)
		return 1, ""
	}
	switch args = args[4:]; {
	case len(args) == 4 && args[0] == "create" && args[1] == "job" && args[3] == "--from=cronjob/wp-cli":
		c.jobs[args[2]] = c.w.Start(region, "wordpress-cli")
		c.made = append(c.made, c.jobs[args[2]])
		return 0, ""
	case args[0] == "wait" && slices.Contains(args, "--for=jsonpath={.status.ready}=1") && c.job(args[1]) != nil:
		for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if c.job(args[1]).Ready() {
				return 0, ""
			}
		}
		return 1, ""
	case len(args) > 6 && args[0] == "exec" && args[1] == "-i" && slices.Equal(args[3:6], []string{"-c", "wp-cli", "--"}):
		pod := c.job(args[2])
		c.lock.Unlock()
		defer c.lock.Lock()
		c.entered <- struct{}{}
		status, output, err := pod.Exec(request.Context(), "wp-cli", args[6:]...)
		if err != nil {
			return 1, err.Error()
		}
		return status, output
	case args[0] == "delete" && c.job(args[1]) != nil:
		go c.job(args[1]).Stop() // --wait=false
		return 0, ""
	}
	c.t.Errorf("kubectl %q", args)
	return 1, ""
}

// job is the pod of a Job, given as job/NAME; nil if there is none.
func (c *cluster) job(name string) *kubelet.Pod { return c.jobs[strings.TrimPrefix(name, "job/")] }

// shell: whoever works in a shell has the site's plugins, settings, database, files and mail, is confined as WordPress is,
// learns the command's status, and leaves no pod.
func shell(t *testing.T, w *world.World, office *postOffice, wordpress *kubelet.Pod) {
	c := &cluster{t: t, w: w, entered: make(chan struct{}, 1), jobs: map[string]*kubelet.Pod{}}
	server := httptest.NewServer(c)
	defer server.Close()
	directory, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	command := func(words ...string) *exec.Cmd {
		wp := exec.Command("../wp", append([]string{wordpress.Region.Name}, words...)...)
		wp.Env = append(os.Environ(), "PATH="+directory+":"+os.Getenv("PATH"), "TEST_OF_THE_SHELL="+server.URL)
		wp.Stderr = os.Stderr
		wp.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return wp
	}
	run := func(words ...string) (int, string) {
		t.Helper()
		wp := command(words...)
		output, _ := wp.Output()
		<-c.entered
		return wp.ProcessState.ExitCode(), string(output)
	}

	status, list := run("plugin", "list")
	for _, line := range []string{"geo-tidb\tmust-use", "geo-mail\tmust-use"} {
		if status != 0 || !strings.Contains(list+"\n", line+"\n") {
			t.Errorf("plugin list ends with %d, and says\n%s", status, list)
		}
	}

	if err := office.Serve(mailserver.Conduct{Password: mailPassword, Certificate: office.own}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Home, Name, Process string
		Mail, Files, Image  bool
	}
	status, text := run("eval", `echo json_encode( array(
		'home' => home_url(), 'name' => get_option( 'blogname' ), 'process' => file_get_contents( '/proc/self/status' ),
		'mail' => wp_mail( 'editor@example.com', 'From a shell', 'Its text' ),
		'files' => (bool) file_put_contents( WP_CONTENT_DIR . '/from-a-shell.txt', 'a file' ),
		'image' => (bool) @file_put_contents( '/etc/from-a-shell.txt', 'a file' ),
	) ); exit( 7 );`)
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != 7 {
		t.Fatalf("eval ends with %d, want 7, and says (%v)\n%s", status, err, text)
	}
	if got.Home != w.Stack.Output("site_url") || got.Name != "Überall &amp; 你好" || !got.Mail || !got.Files || got.Image {
		t.Errorf("a shell sees %+v", got)
	}
	for _, line := range []string{"Uid:\t33\t33\t33\t33", "CapEff:\t0000000000000000"} {
		if !strings.Contains(got.Process, line+"\n") {
			t.Errorf("a shell has not %q in\n%s", line, got.Process)
		}
	}
	if sent := office.Messages(); len(sent) != 1 || sent[0].From != "site@example.com" {
		t.Errorf("of a mail from a shell, %+v arrived", sent)
	}
	if file, err := os.ReadFile(filepath.Join(w.Files(wordpress.Region.Name), "from-a-shell.txt")); err != nil || !bytes.Equal(file, []byte("a file")) {
		t.Errorf("of a file from a shell, %q is on the volume (%v)", file, err)
	}

	interrupted := command("eval", "sleep( 600 );")
	if err := interrupted.Start(); err != nil {
		t.Fatal(err)
	}
	<-c.entered
	if err := syscall.Kill(-interrupted.Process.Pid, syscall.SIGINT); err != nil { // as a terminal does
		t.Fatal(err)
	}
	_ = interrupted.Wait()
	if code := interrupted.ProcessState.ExitCode(); code != 130 {
		t.Errorf("after Ctrl-C, wp ends with %d", code)
	}
	if len(c.made) != 3 {
		t.Errorf("%d pods were made, want 3", len(c.made))
	}
	for _, pod := range c.made {
		select {
		case <-pod.Ended():
		case <-time.After(time.Minute):
			t.Errorf("a pod stays:\n%s", w.Describe(pod))
		}
	}
}
