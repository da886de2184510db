package software

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func wordpressProcess(t *testing.T) Process {
	files := disk("/var/www/html/wp-content")
	files.Mounts = append(files.Mounts, Mount{Path: "/var/www/html/check.php", Sub: "check.php", Volume: NewVolume(Config, map[string][]byte{"check.php": []byte("<?php")})})
	return Process{Image: image(t, "wordpress:7.1.0-php8.3-apache"), Env: map[string]string{"WORDPRESS_DB_HOST": "tidb:4000"}, Files: files}
}

func TestWordPressAnswersByItsDatabase(t *testing.T) {
	w := newPlanet(t)
	s := w.place("web", wordpressProcess(t))
	require.False(t, s.program.Accepts(80, false), "it copies its files first")
	w.pass(5 * time.Second)
	require.True(t, s.program.Accepts(80, false), "without a database, too")
	require.Equal(t, 503, w.get("web", 80, "/check.php").Status)
	require.Equal(t, 500, w.get("web", 80, "/wp-cron.php?x=1").Status)
	w.regions(2, 2)
	w.place("tidb", tidbProcess(t, 3))
	w.pass(10 * time.Second)
	require.Equal(t, 200, w.get("web", 80, "/check.php").Status)
	require.Equal(t, 302, w.get("web", 80, "/").Status)
	require.Equal(t, 404, w.get("web", 80, "/healthz.php").Status, "only what is mounted is there")
	w.cut = func(from, to string, port int) bool { return port == 4000 }
	w.pass(time.Second)
	require.Equal(t, 0, w.get("web", 80, "/check.php").Status, "PHP waits a minute for a connection")
	require.Equal(t, 503, w.getAfter(time.Minute, "web", 80, "/check.php").Status)
}

func TestWordPressNeedsItsRights(t *testing.T) {
	for name, change := range map[string]func(*Process){
		"a read-only root": func(p *Process) { p.Files.ReadOnly = true },
		"no capability":    func(p *Process) { p.Capabilities = capabilities("CHOWN") },
		"no such file":     func(p *Process) { p.Env = map[string]string{"WORDPRESS_DB_HOST_FILE": "/var/www/html/wp-content/host"} },
		"both":             func(p *Process) { p.Env["WORDPRESS_DB_HOST_FILE"] = "/x" },
	} {
		p := wordpressProcess(t)
		change(&p)
		require.NotNil(t, newPlanet(t).place("web", p).program.Exit(), name)
	}
	p := wordpressProcess(t)
	p.User, p.Capabilities, p.Files.ReadOnly = 33, map[string]bool{"NONE": true}, true
	p.Files.Mounts = append(p.Files.Mounts, Mount{Path: "/var/www/html", Volume: NewVolume(Empty, nil)})
	require.Nil(t, newPlanet(t).place("web", p).program.Exit(), "www-data needs none of them")
}

// The health page's web server serves only that page, as its declared files say, and checks the site in the same pod.
func TestHealthPage(t *testing.T) {
	w := newPlanet(t)
	w.regions(2, 2)
	w.place("tidb", tidbProcess(t, 3))
	page := w.place("page", declaredHealth(t))
	w.pass(10 * time.Second)
	require.Nil(t, page.program.Exit())
	require.False(t, w.accepts("page", 80))
	require.Equal(t, 404, w.get("page", 8081, "/").Status)
	alone := w.get("page", 8081, "/healthz.php")
	require.Equal(t, 503, alone.Status)
	require.Contains(t, alone.Body, "the site's web server takes no connections")

	site := w.place("web", wordpressProcess(t))
	w.together(site, page)
	require.Equal(t, 503, w.get("page", 8081, "/healthz.php").Status, "it copies its files first")
	w.pass(5 * time.Second)
	require.Equal(t, "ok\n", w.get("page", 8081, "/healthz.php").Body)

	// While the pod stops, the page fails for the load balancer, but not for Kubernetes.
	require.Zero(t, Run(t.Context(), page.process, []string{"sh", "-c", "touch /tmp/geo-wordpress-stopping"}))
	require.Equal(t, "the pod stops\n", w.get("page", 8081, "/healthz.php").Body)
	require.Equal(t, 503, w.get("page", 8081, "/healthz.php").Status)
	require.Equal(t, "ok\n", w.get("page", 8081, "/healthz.php?ready").Body)

	Kill(site.program)
	w.pass(time.Second)
	require.Equal(t, 503, w.get("page", 8081, "/healthz.php?ready").Status)
}

// The start-up probe's page loads WordPress. It fails if the image's code does, which no other check detects.
func TestWordPressStarts(t *testing.T) {
	page, err := os.ReadFile("../../../components/wordpress/files/startz.php")
	require.NoError(t, err)
	for tag, want := range map[string]int{"7.1.0-php8.3-apache": 200, "7.1.0-php8.3-apache-broken": 500} {
		w := newPlanet(t)
		p := wordpressProcess(t)
		p.Image = image(t, "wordpress:"+tag)
		p.Files.Mounts = append(p.Files.Mounts, Mount{Path: "/var/www/html/startz.php", Sub: "startz.php", Volume: NewVolume(Config, map[string][]byte{"startz.php": page})})
		w.place("web", p)
		w.pass(5 * time.Second)
		require.True(t, w.accepts("web", 80), "its server starts in any case")
		if want == 200 {
			require.Equal(t, 503, w.get("web", 80, "/startz.php").Status, "without a database")
		}
		w.regions(2, 2)
		w.place("tidb", tidbProcess(t, 3))
		w.pass(10 * time.Second)
		require.Equal(t, want, w.get("web", 80, "/startz.php").Status, tag)
		require.Equal(t, 200, w.get("web", 80, "/check.php").Status, "the database's check sees nothing of it")
	}
}

// Without its NFS server a site's requests hang, and the health page fails after its own timeout.
func TestWordPressWaitsForItsFiles(t *testing.T) {
	w := newPlanet(t)
	w.regions(2, 2)
	w.place("tidb", tidbProcess(t, 3))
	answers := true
	volume := NewVolume(NFS, nil)
	volume.Answers = func() bool { return answers }
	site, page := wordpressProcess(t), declaredHealth(t)
	site.Files.Mounts[0].Volume = volume
	page.Files.Mounts[len(page.Files.Mounts)-1].Volume = volume
	w.together(w.place("web", site), w.place("page", page))
	w.pass(10 * time.Second)
	require.Equal(t, "ok\n", w.get("page", 8081, "/healthz.php").Body)
	require.Equal(t, 302, w.get("web", 80, "/").Status)
	answers = false
	require.Zero(t, w.getAfter(time.Hour, "web", 80, "/").Status)
	require.Zero(t, w.getAfter(time.Second, "page", 8081, "/healthz.php").Status)
	late := w.getAfter(2*time.Second, "page", 8081, "/healthz.php")
	require.Equal(t, 503, late.Status)
	require.Contains(t, late.Body, "the files do not answer")
	answers = true
	require.Equal(t, "ok\n", w.get("page", 8081, "/healthz.php").Body)
	require.Equal(t, 302, w.get("web", 80, "/").Status)

	p := declaredHealth(t)
	p.Files.Mounts = p.Files.Mounts[:len(p.Files.Mounts)-1]
	w.together(w.host["web"], w.place("page", p))
	w.pass(time.Second)
	require.Equal(t, 503, w.get("page", 8081, "/healthz.php").Status, "it looks where nothing is mounted")
}

func TestHealthPageNeedsItsFiles(t *testing.T) {
	for name, change := range map[string]func(*Process){
		"no configuration": func(p *Process) { p.Files.Mounts = p.Files.Mounts[1:] },
		"no port": func(p *Process) {
			p.Files.Mounts[0].Volume = NewVolume(Config, map[string][]byte{"health.conf": []byte("DocumentRoot /x\n")})
		},
		"no place for its process ID": func(p *Process) { p.Files.Mounts = p.Files.Mounts[:2] },
	} {
		p := declaredHealth(t)
		change(&p)
		require.NotNil(t, newPlanet(t).place("page", p).program.Exit(), name)
	}
}

func nfsProcess(t *testing.T) Process {
	return Process{
		Image: image(t, "registry.k8s.io/sig-storage/nfs-provisioner:v4.0.8"), Args: []string{"-provisioner=x.test/nfs", "-grace-period=15"},
		Env:   map[string]string{"POD_IP": "10.1.0.1", "SERVICE_NAME": "nfs", "POD_NAMESPACE": "files"},
		Files: disk("/export"),
	}
}

func TestNFSProvisionerNeedsWhatItsSourceSays(t *testing.T) {
	for name, change := range map[string]func(*Process){
		"no POD_IP":             func(p *Process) { delete(p.Env, "POD_IP") },
		"no SERVICE_NAME":       func(p *Process) { delete(p.Env, "SERVICE_NAME") },
		"no POD_NAMESPACE":      func(p *Process) { delete(p.Env, "POD_NAMESPACE") },
		"NODE_NAME":             func(p *Process) { p.Env["NODE_NAME"] = "n" },
		"server-hostname":       func(p *Process) { p.Args = append(p.Args, "-server-hostname=x") },
		"no disk":               func(p *Process) { p.Files = disk("/elsewhere") },
		"a read-only disk":      func(p *Process) { p.Files.Mounts[0].ReadOnly = true },
		"a user":                func(p *Process) { p.User = 1000 },
		"without SYS_RESOURCE":  func(p *Process) { p.Capabilities = capabilities("DAC_READ_SEARCH") },
		"without DAC_READ_...":  func(p *Process) { p.Capabilities = capabilities("SYS_RESOURCE") },
		"a provisioner unnamed": func(p *Process) { p.Args = []string{"-provisioner=x"} },
	} {
		p := nfsProcess(t)
		change(&p)
		exit := newPlanet(t).place("nfs", p).program.Exit()
		require.NotNil(t, exit, name)
		require.NotZero(t, exit.Code, name)
	}
	w := newPlanet(t)
	s := w.place("nfs", nfsProcess(t))
	w.pass(2 * time.Second)
	server := AsNFSServer(s.program)
	require.Equal(t, "x.test/nfs", server.Provisioner)
	for _, port := range NFSServicePorts {
		require.True(t, s.program.Accepts(port, false), "%d", port)
	}
	require.False(t, server.Exports("/export/pvc-1"))
	path, err := server.Export("pvc-1")
	require.NoError(t, err)
	require.True(t, server.Exports(path))
	server.Unexport("pvc-1")
	require.False(t, server.Exports(path))
}

const syncConfig = `<configuration version="36">
<folder id="f" path="/data"></folder>
<device id="AAAAAAA-B"><address>tcp://peer:22000</address></device>
<gui><address>0.0.0.0:9999</address></gui>
<options><listenAddress>tcp://0.0.0.0:22000</listenAddress></options></configuration>`

func syncthingProcess(t *testing.T, home *Volume) Process {
	files := disk("/data")
	files.Mounts = append(files.Mounts, Mount{Path: "/home/sync", Volume: home})
	return Process{
		Image: image(t, "syncthing/syncthing:2.1.2"), Command: []string{"/bin/syncthing"}, Args: []string{"serve", "--config=/home/sync"},
		Env: map[string]string{"STGUIADDRESS": "127.0.0.1:8384"}, Files: files, User: 33,
	}
}

func TestSyncthing(t *testing.T) {
	w := newPlanet(t)
	home := func() *Volume { return NewVolume(Empty, map[string][]byte{"config.xml": []byte(syncConfig)}) }
	s := w.place("self", syncthingProcess(t, home()))
	peer := w.place("peer", syncthingProcess(t, home()))
	w.pass(3 * time.Second)
	require.Nil(t, s.program.Exit())
	require.True(t, s.program.Accepts(22000, false))
	require.False(t, s.program.Accepts(8384, false), "the environment keeps the GUI to the pod")
	probe := []string{"curl", "-fsS", "-m", "2", "http://127.0.0.1:8384/rest/noauth/health"}
	require.Zero(t, Probe(s.process, probe, viewpoint{w, s}))
	require.Equal(t, []string{"AAAAAAA-B"}, s.program.(*syncthing).Connected())
	peer.program = nil
	w.pass(time.Second)
	require.Empty(t, s.program.(*syncthing).Connected())
	require.NotZero(t, Probe(s.process, []string{"curl", "-fsS", "http://127.0.0.1:9999/rest/noauth/health"}, viewpoint{w, s}))

	p := syncthingProcess(t, home())
	p.Env = nil // the image's own environment
	s = w.place("open", p)
	w.pass(3 * time.Second)
	require.True(t, s.program.Accepts(8384, false), "the image's own environment opens the GUI to all")
	p = syncthingProcess(t, home())
	p.Args = []string{"serve", "--home=/var/syncthing"}
	require.NotNil(t, w.place("homeless", p).program.Exit(), "user 33 cannot write to the image's home")
	p = syncthingProcess(t, NewVolume(Empty, map[string][]byte{"config.xml": []byte("<configuration")}))
	require.NotNil(t, w.place("broken", p).program.Exit())
}

func TestUnknownImagesListenOnTheirPorts(t *testing.T) {
	w := newPlanet(t)
	s := w.place("x", Process{Image: image(t, "example.com/x:1"), Ports: []int{8080}})
	require.True(t, s.program.Accepts(8080, false))
	require.False(t, s.program.Accepts(8081, false))
	require.Len(t, s.logs, 1, "it is said once")
	s.program.Stop(w.now)
	w.pass(time.Second)
	require.Zero(t, s.program.Exit().Code)
}

func TestImages(t *testing.T) {
	for name, want := range map[string]Image{
		"wordpress:7.1.0": {"docker.io/library/wordpress:7.1.0", "docker.io", "wordpress", "7.1.0"},
		"pingcap/pd":      {"docker.io/pingcap/pd:latest", "docker.io", "pingcap/pd", "latest"},
		"europe-docker.pkg.dev/p/mirror/pingcap/pd:v8.5.7": {"europe-docker.pkg.dev/p/mirror/pingcap/pd:v8.5.7", "europe-docker.pkg.dev", "p/mirror/pingcap/pd", "v8.5.7"},
	} {
		got := image(t, name)
		require.Equal(t, want, got)
	}
	mirrored, known := image(t, "europe-docker.pkg.dev/p/mirror/pingcap/pd:v8.5.7").about()
	require.True(t, known, "a mirror holds the same software")
	require.Equal(t, []string{"/pd-server"}, mirrored.entrypoint)
	require.True(t, image(t, "gcr.io/x/y:1").Google())
	require.False(t, image(t, "registry.k8s.io/pause:3.10").Google())
	_, err := ParseImage("Not An Image")
	require.Error(t, err)
}
