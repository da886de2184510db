package shell_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/shell"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// script is a BusyBox container with a shell script. Its pace is high because its goroutine runs in real time.
func script(t *testing.T, text string, env ...string) software.Process {
	p := software.Process{Image: softwaretest.Image(t, "busybox:1.37.0"), Command: []string{"sh", "-ec", text}, Pace: 1000, Env: map[string]string{}}
	for i := 0; i < len(env); i += 2 {
		p.Env[env[i]] = env[i+1]
	}
	return p
}

func TestScriptsEndAsAShellEndsThem(t *testing.T) {
	for text, want := range map[string]int{
		`exit 3`:                            3,
		`false; exit 0`:                     1, // -e
		`false || true`:                     0,
		`set +e; false; exit 0`:             0,
		`if false; then exit 1; fi; exit 7`: 7,
		`for i in 1 2 3; do :; done`:        0,
		`mkdir -p /data/a/b; touch /data/a/b/c; test -f /data/a/b/c; test -d /data/a`: 0,
		`[ -e /data/nothing ]`: 1,
		`echo hello > /data/x; grep -q hello /data/x; cp /data/x /tmp/y; grep -q hello /tmp/y`:             0,
		`echo hello > /data/x; grep -q "^hel*o$" /data/x`:                                                  0,
		`echo hello | grep -q bye`:                                                                         1,
		`echo a+b | grep -q 'a+b' && echo aab | grep -Eq 'a+b'`:                                            0,
		`[ "$(echo '"a": 1, "b": 2' | grep -o '"[a-z]": *[0-9]' | grep -v b)" = '"a": 1' ]`:                0,
		`cp -r /config /data/copy; test -f /data/copy/key`:                                                 0,
		`cp /config/* /data/; test -f /data/key`:                                                           0,
		`cp /config/missing /data/`:                                                                        1,
		`mkdir /data/a /data/b; touch /data/a/x; mv -T /data/a /data/c; [ -e /data/c/x ]`:                  0,
		`mkdir /data/a /data/b; touch /data/a/x; mv /data/a /data/b; [ -e /data/b/a/x ]`:                   0,
		`echo x > /config/key`:                                                                             1, // read-only
		`rm /config/key`:                                                                                   1,
		`rm -rf /data/none; rm /data/none`:                                                                 1,
		`grep -q value /config/key`:                                                                        0,
		`sh -c 'exit 4'`:                                                                                   4,
		`sh -c 'exit $1' sh 4`:                                                                             4,
		`mkdir /data/pvc-1; d=$(echo /data/pvc-*); [ "$d" = /data/pvc-1 ]`:                                 0,
		`cd /data; echo x > y; test -f /data/y; [ "$(pwd)" = /data ]`:                                      0,
		`cd /data; [ ! -e y ]; touch y; [ -e y ]; [ "$(echo *)" = y ]; sh -c '[ -e y ]'`:                   0,
		`cd /nowhere/else`:                                                                                 0, // perhaps the image has it
		`cd /data; d=$(mktemp -d x.XXXXXX); test -d "/data/$d"; [ "${#d}" = 8 ]`:                           0,
		`set -- $(printf 'a b\n1 2 3 4\n' | tail -n 1); [ "$4" = 4 ]`:                                      0,
		`[ "$(date -u -d @1700000000 +%Y%m%d%H%M%S)" = 20231114221320 ]; [ "$(date +%s)" -gt 1700000000 ]`: 0,
		`mkdir -p /data/a; echo x > /data/a/b; [ "$(du -sk /data/a)" = "1	/data/a" ]; set -- $(df -Pk /data | tail -n 1); [ "$4" -gt 0 ]`: 0,
		`du -sk /data/none`:                               1,
		`du /data`:                                        1, // in other units
		`chown 33:33 /data; chmod 0700 /data`:             0,
		`echo a | sed s/a/b/`:                             127, // without a model
		`some-unknown-tool --flag || exit 5`:              5,
		`grep -z a /config/key || exit $?`:                2, // an option without a model
		`sh /opt/none.sh`:                                 127,
		`touch -c /data/new; test -e /data/new || exit 5`: 5,
		`trap "exit 0" TERM; trap "true" EXIT; exit 6`:    6,
		`echo "unterminated`:                              2,
		`exec wget -q -O- http://nobody/`:                 1,
		`wget -q -S -O /dev/null http://web:8080/ 2>&1 | grep -q 'HTTP/[0-9.]* [23]'`: 0,
		`wget -q -S -O /dev/null http://web:8080/ | grep -q HTTP`:                     1,
		`wget -q -S -O /dev/null http://nobody/ 2>&1 | grep -q HTTP`:                  1,
		`curl -fsS http://nobody/`:                                                    6,
		`curl -fsS http://web:1/`:                                                     7,
		`curl -fsS -m 1 http://lost:8080/`:                                            28,
		`curl -fsS http://web:8080/`:                                                  0,
	} {
		t.Run(text, func(t *testing.T) {
			w := softwaretest.New(t)
			w.Place("web", software.Process{Image: softwaretest.Image(t, "example.com/x:1"), Ports: []int{8080}})
			w.Place("lost", software.Process{Image: softwaretest.Image(t, "example.com/x:1"), Ports: []int{8080}})
			w.Cut = func(_, to string, _ int) bool { return to == "lost" }
			p := script(t, text)
			p.Files = softwaretest.With(softwaretest.Disk("/data"), "/config", map[string]string{"key": "value"})
			require.Equal(t, want, w.WaitExit(w.Place("script", p)))
		})
	}
}

func TestAScriptThatWaitsForAStoreGoesOnWhenItIsUp(t *testing.T) {
	w := softwaretest.New(t)
	s := w.Place("script", script(t, `until wget -q -T 1 -O - "http://$PD/pd/api/v1/stores" | grep -q '"state_name": *"Up"'; do sleep 2; done`, "PD", "pd0:2379"))
	w.Regions(2, 0)
	time.Sleep(50 * time.Millisecond)
	w.Pass(time.Second)
	require.Nil(t, s.Program.Exit(), "PD alone is not enough")
	w.Regions(2, 1)
	require.Zero(t, w.WaitExit(s))
}

func TestAShellMayBecomeAServer(t *testing.T) {
	w := softwaretest.New(t)
	p := softwaretest.PD(t, 0, 1)
	p.Command = []string{"sh", "-c", `exec /pd-server "$@"`, "sh"}
	p.Pace = 100
	s := w.Place("pd0", p)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && !w.Accepts("pd0", 2379); time.Sleep(2 * time.Millisecond) {
		w.Pass(100 * time.Millisecond)
	}
	w.Pass(5 * time.Second)
	require.Equal(t, 200, w.Get("pd0", 2379, "/health").Status)
	s.Process.Outside(func(software.Network) { s.Program.Stop(w.Now) })
	require.Zero(t, w.WaitExit(s))
}

func TestDatabaseClients(t *testing.T) {
	files := func() *software.Filesystem {
		return softwaretest.With(softwaretest.Disk("/data"), "/opt", map[string]string{"once.php": "<?php connect();", "patient.php": "<?php while (true) { sleep(1); }"})
	}
	client := func(command ...string) software.Process {
		return software.Process{Image: softwaretest.Image(t, "wordpress:7.1.0-php8.3-apache"), Command: command, Env: map[string]string{"DB_HOST": "tidb:4000"}, Files: files(), Pace: 1000}
	}
	w := softwaretest.New(t)
	patient := w.Place("patient", client("docker-ensure-installed.sh", "php", "/opt/patient.php"))
	require.Equal(t, 1, w.WaitExit(w.Place("once", client("php", "/opt/once.php"))), "one chance, and no database")
	require.Equal(t, 1, w.WaitExit(w.Place("missing", client("php", "/opt/none.php"))), "no such file")
	require.Nil(t, patient.Program.Exit())
	w.Regions(2, 2)
	w.Place("tidb", softwaretest.TiDB(t, 3))
	w.Pass(10 * time.Second)
	require.Zero(t, w.WaitExit(patient))
	require.Zero(t, w.WaitExit(w.Place("once", client("php", "/opt/once.php"))))
}

func TestASignalDoesNotEndAShellThatIsAContainersFirstProcess(t *testing.T) {
	w := softwaretest.New(t)
	s := w.Place("x", script(t, `while true; do sleep 1; done`))
	s.Program.Stop(w.Now)
	w.Pass(time.Second)
	require.Nil(t, s.Program.Exit())
	s.Program.Kill()
	require.NotZero(t, w.WaitExit(s))
}

func TestAProbeEndsWhateverItsScriptDoes(t *testing.T) {
	w := softwaretest.New(t)
	s := w.Place("x", software.Process{Image: softwaretest.Image(t, "example.com/x:1")})
	began := time.Now()
	require.NotZero(t, shell.Probe(s.Process, []string{"sh", "-c", "while true; do sleep 1; done"}, w.View(s)))
	require.Less(t, time.Since(began), 10*time.Second)
}

// A container's first process that does not handle SIGTERM runs until it is killed at the end of the grace period.
func TestAShellEndsWhenAskedOnlyIfItTrapsIt(t *testing.T) {
	for text, ends := range map[string]bool{
		`while :; do sleep 60; done`:                                  false,
		`trap "exit 0" TERM; while :; do sleep 60 & wait $!; done`:    true,
		`trap "exit 0" INT HUP; while :; do sleep 60 & wait $!; done`: false,
		`trap "" TERM; while :; do sleep 60 & wait $!; done`:          false,
	} {
		t.Run(text, func(t *testing.T) {
			w := softwaretest.New(t)
			s := w.Place("script", script(t, text))
			time.Sleep(50 * time.Millisecond)
			w.Pass(time.Second)
			require.Nil(t, s.Program.Exit())
			s.Program.Stop(w.Now)
			w.Pass(time.Second)
			require.Equal(t, ends, s.Program.Exit() != nil)
			s.Program.Kill()
		})
	}
}

// wget cannot DELETE, and a follower gives up a request whose client has closed its end of the connection.
func TestNetcatSendsAnyRequest(t *testing.T) {
	w := softwaretest.New(t)
	w.Regions(3, 0)
	leader, follower := "pd0", "pd1"
	for _, host := range []string{"pd1", "pd2"} {
		if w.Hosts[host].Program.State().Word == "leader" {
			leader, follower = host, "pd0"
		}
	}
	request := `printf 'DELETE /pd/api/v1/members/name/none HTTP/1.0\r\n\r\n'`
	for text, want := range map[string]string{
		request + ` | nc -w 5 ` + leader + ` 2379`:                       "404 Not Found",
		request + ` | nc -w 5 ` + follower + ` 2379`:                     "500 Internal Server Error",
		`{ ` + request + `; sleep 60; } | nc -w 5 ` + follower + ` 2379`: "404 Not Found",
	} {
		require.Zero(t, w.WaitExit(w.Place("client", script(t, text+` >/data/answer; grep -q '^HTTP/1.0 `+want+`' /data/answer`))), text)
	}
}
