package software

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shell is a BusyBox container with a shell script. Its pace is high because its goroutine runs in real time.
func shell(t *testing.T, text string, env ...string) Process {
	p := Process{Image: image(t, "busybox:1.37.0"), Command: []string{"sh", "-ec", text}, Pace: 1000, Env: map[string]string{}}
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
		`for i in $(seq 5); do n=$i; done; [ "$n" = 5 ]`:                              0,
		`mkdir -p /data/a/b; touch /data/a/b/c; test -f /data/a/b/c; test -d /data/a`: 0,
		`[ -e /data/nothing ]`: 1,
		`echo hello > /data/x; grep -q hello /data/x; cp /data/x /tmp/y; cat /tmp/y`:         0,
		`echo hello > /data/x; grep -q "^hel*o$" /data/x`:                                    0,
		`echo hello | grep -q bye`:                                                           1,
		`echo a+b | grep -q 'a+b' && echo aab | grep -Eq 'a+b'`:                              0,
		`cp -r /config /data/copy; test -f /data/copy/key`:                                   0,
		`cp /config/* /data/; test -f /data/key`:                                             0,
		`cp /config/missing /data/`:                                                          1,
		`echo x > /config/key`:                                                               1, // read-only
		`rm /config/key`:                                                                     1,
		`cat /config/key | grep -q value`:                                                    0,
		`sh -c 'exit 4'`:                                                                     4,
		`ls -d /data/pvc-*`:                                                                  1,
		`mkdir /data/pvc-1; d=$(ls -d /data/pvc-*); [ "$d" = /data/pvc-1 ]`:                  0,
		`cd /data; echo x > y; test -f /data/y; [ "$(pwd)" = /data ]`:                        0,
		`timeout 1 sleep 1000`:                                                               124,
		`chown 33:33 /data; chmod 0700 /data; some-unknown-tool --flag`:                      0,
		`exec nc -z nobody 80`:                                                               1,
		`touch -c /data/new; test -e /data/new || exit 5`:                                    5,
		`trap "exit 0" TERM; trap "true" EXIT; exit 6`:                                       6,
		`echo "unterminated`:                                                                 2,
		`wget -q -O- http://nobody/`:                                                         1,
		`code=$(curl -s -o /dev/null -w '%{http_code}' http://web:8080/) && [ $code = 200 ]`: 0,
		`wget -q -S -O /dev/null http://web:8080/ 2>&1 | grep -q 'HTTP/[0-9.]* [23]'`:        0,
		`wget -q -S -O /dev/null http://web:8080/ | grep -q HTTP`:                            1,
		`wget -q -S -O /dev/null http://nobody/ 2>&1 | grep -q HTTP`:                         1,
		`curl -fsS http://nobody/`:                                                           curlResolve,
		`curl -fsS http://web:1/`:                                                            curlConnect,
		`curl -fsS -m 1 http://lost:8080/`:                                                   curlTimeout,
		`nc -z -w 2 web 8080 && nslookup web && getent hosts web`:                            0,
	} {
		t.Run(text, func(t *testing.T) {
			w := newPlanet(t)
			w.place("web", Process{Image: image(t, "example.com/x:1"), Ports: []int{8080}})
			w.place("lost", Process{Image: image(t, "example.com/x:1"), Ports: []int{8080}})
			w.cut = func(_, to string, _ int) bool { return to == "lost" }
			p := shell(t, text)
			p.Files = with(disk("/data"), "/config", map[string]string{"key": "value"})
			require.Equal(t, want, w.waitExit(w.place("script", p)))
		})
	}
}

func TestAScriptThatWaitsForAStoreGoesOnWhenItIsUp(t *testing.T) {
	w := newPlanet(t)
	s := w.place("script", shell(t, `until wget -q -T 1 -O - "http://$PD/pd/api/v1/stores" | grep -q '"state_name": *"Up"'; do sleep 2; done`, "PD", "pd0:2379"))
	w.regions(2, 0)
	time.Sleep(50 * time.Millisecond)
	w.pass(time.Second)
	require.Nil(t, s.program.Exit(), "PD alone is not enough")
	w.regions(2, 1)
	require.Zero(t, w.waitExit(s))
}

func TestAShellMayBecomeAServer(t *testing.T) {
	w := newPlanet(t)
	p := pdProcess(t, 0, 1)
	p.Command = []string{"sh", "-c", `exec /pd-server "$@"`, "sh"}
	p.Pace = 100
	s := w.place("pd0", p)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && !w.accepts("pd0", 2379); time.Sleep(2 * time.Millisecond) {
		w.pass(100 * time.Millisecond)
	}
	w.pass(5 * time.Second)
	require.Equal(t, 200, w.get("pd0", 2379, "/health").Status)
	s.process.Outside(func(Network) { s.program.Stop(w.now) })
	require.Zero(t, w.waitExit(s))
}

func TestDatabaseClients(t *testing.T) {
	files := func() *Filesystem {
		return with(disk("/data"), "/opt", map[string]string{"once.php": "<?php connect();", "patient.php": "<?php while (true) { sleep(1); }"})
	}
	client := func(command ...string) Process {
		return Process{Image: image(t, "wordpress:7.1.0-php8.3-apache"), Command: command, Env: map[string]string{"DB_HOST": "tidb:4000"}, Files: files(), Pace: 1000}
	}
	w := newPlanet(t)
	patient := w.place("patient", client("docker-ensure-installed.sh", "php", "/opt/patient.php"))
	require.Equal(t, 1, w.waitExit(w.place("once", client("php", "/opt/once.php"))), "one chance, and no database")
	require.Equal(t, 1, w.waitExit(w.place("missing", client("php", "/opt/none.php"))), "no such file")
	require.Nil(t, patient.program.Exit())
	w.regions(2, 2)
	w.place("tidb", tidbProcess(t, 3))
	w.pass(10 * time.Second)
	require.Zero(t, w.waitExit(patient))
	require.Zero(t, w.waitExit(w.place("once", client("php", "/opt/once.php"))))
	separate := client("php", "/opt/once.php")
	separate.Env = map[string]string{"DB_HOST": "tidb", "DB_PORT": "4000"}
	require.Zero(t, w.waitExit(w.place("separate", separate)))
	require.Zero(t, w.waitExit(w.place("mysql", client("mysql", "-h", "tidb", "-P4000", "-e", "SELECT 1"))))
	require.Equal(t, 1, w.waitExit(w.place("mysql", client("mysql", "-h", "tidb", "-e", "SELECT 1"))), "another port")
}

func TestASignalDoesNotEndAShellThatIsAContainersFirstProcess(t *testing.T) {
	w := newPlanet(t)
	s := w.place("x", shell(t, `while true; do sleep 1; done`))
	s.program.Stop(w.now)
	w.pass(time.Second)
	require.Nil(t, s.program.Exit())
	Kill(s.program)
	require.NotZero(t, w.waitExit(s))
}

func TestAProbeEndsWhateverItsScriptDoes(t *testing.T) {
	w := newPlanet(t)
	s := w.place("x", Process{Image: image(t, "example.com/x:1")})
	began := time.Now()
	require.NotZero(t, Probe(s.process, []string{"sh", "-c", "while true; do sleep 1; done"}, viewpoint{w, s}))
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
			w := newPlanet(t)
			s := w.place("script", shell(t, text))
			time.Sleep(50 * time.Millisecond)
			w.pass(time.Second)
			require.Nil(t, s.program.Exit())
			s.program.Stop(w.now)
			w.pass(time.Second)
			require.Equal(t, ends, s.program.Exit() != nil)
			Kill(s.program)
		})
	}
}
