package conformance_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/sizing"
	"geo-wordpress/tools/conformance/declared"

	corev1 "k8s.io/api/core/v1"
)

// guards tests the tests themselves: it undoes each setting of undone, and the setting's test must fail.
var guards = flag.Bool("guards", false, "take back one setting after the other, and see that its test fails")

// undoVariable names the setting that a run undoes.
const undoVariable = "CONFORMANCE_UNDO"

// setting is a declared setting that a test guards.
type setting struct {
	test string
	undo func(*declared.Stack)
}

// undone lists the settings, each with the test that must fail without it.
var undone = map[string]setting{
	"a PD is ready when it listens": {"TestPDAnyOrder", change("pd", func(pod *declared.Pod) {
		pod.Container("pd").ReadinessProbe.ProbeHandler = healthProbe
	})},
	"a PD lives while it listens": {"TestPDAnyOrder", change("pd", func(pod *declared.Pod) {
		pod.Container("pd").LivenessProbe.ProbeHandler = healthProbe
	})},
	"a PD lives without a quorum": {"TestPDLosses", change("pd", func(pod *declared.Pod) {
		pod.Container("pd").LivenessProbe.ProbeHandler = healthProbe
	})},
	"a PD keeps its data": {"TestPDLosses", withoutClaims("pd")},
	"a PD knows its peers": {"TestPDAnyOrder", change("pd", func(pod *declared.Pod) {
		setEnv(pod.Container("start"), "FOUNDERS", "$(NAME)=$(PEER_URL)")
	})},
	"a PD does not found a second cluster": {"TestPDMembership", change("pd", func(pod *declared.Pod) {
		setEnv(pod.Container("start"), "DATABASE_STANDS", "")
	})},
	"TiDB waits for a store": {"TestTiDBBootstrap", change("tidb", func(pod *declared.Pod) {
		pod.Spec().InitContainers = nil
	})},
	"TiDB reads the init file": {"TestTiDBBootstrap", inConfigMaps("tidb.toml", "initialize-sql-file = ", "# ")},
	"the database's collation": {"TestTiDBBootstrap", inSecrets("init.sql", " COLLATE utf8mb4_general_ci", "")},
	"root has a password":      {"TestTiDBBootstrap", inSecrets("init.sql", "ALTER USER 'root'", "-- ")},
	"the user has few rights":  {"TestTiDBBootstrap", inSecrets("init.sql", "`wordpress`.* TO", "*.* TO")},
	"the user has its rights":  {"TestTiDBBootstrap", inSecrets("init.sql", "INDEX, ", "")},
	"the database keeps a day of history": {"TestTiDBInitJob", change("database-init", func(pod *declared.Pod) {
		setEnv(pod.Container("database-init"), "DB_HISTORY_HOURS", "1")
	})},
	"the init Job knows a root without a password": {"TestTiDBInitJob",
		inConfigMaps("init.php", "array( $password, '' )", "array( $password )")},
	"the init Job has TiDB read its users":  {"TestTiDBInitJob", inConfigMaps("init.php", "'FLUSH PRIVILEGES'", "'DO 0'")},
	"the init Job sets the user's password": {"TestTiDBInitJob", inSecrets("init.sql", "ALTER USER 'wordpress'", "-- ")},
	"TiDB ends gently":                      {"TestTiDBBootstrap", inConfigMaps("tidb.toml", "graceful-wait-before-shutdown = 10", "")},
	"TiDB has time to end": {"TestTiDBBootstrap", change("tidb", func(pod *declared.Pod) {
		*pod.Spec().TerminationGracePeriodSeconds = 5
	})},
	"TiDB's settings are spelt right":       {"TestConfigurationIsKnown", inConfigMaps("tidb.toml", "temp-dir", "temp-directory")},
	"PD's settings are spelt right":         {"TestConfigurationIsKnown", inConfigMaps("pd.toml", "isolation-level", "isolation")},
	"WordPress copies itself as a user may": {"TestWordPressHealth", inConfigMaps("start.sh", "[ ! -e index.php ]", "false")},
	"WordPress may open port 80": {"TestWordPressHealth", change("wordpress", func(pod *declared.Pod) {
		pod.Spec().SecurityContext.Sysctls = nil
	})},
	"WordPress lives without its database": {"TestWordPressHealth", change("wordpress", func(pod *declared.Pod) {
		pod.Container("wordpress").LivenessProbe.ProbeHandler = pod.Container("health").ReadinessProbe.ProbeHandler
	})},
	"the health page's server lives without the database": {"TestWordPressHealth", change("wordpress", func(pod *declared.Pod) {
		c := pod.Container("health")
		c.LivenessProbe.ProbeHandler = c.ReadinessProbe.ProbeHandler
	})},
	"the health page has processes of its own": {"TestWordPressHealth", oneServer},
	"the health page's processes are enough":   {"TestWordPressHealth", inConfigMaps("health.conf", fmt.Sprintf("MaxRequestWorkers %d", sizing.HealthProcesses), "MaxRequestWorkers 1")},
	"a site without its files has failed":      {"TestWordPressHealth", inConfigMaps("healthz.php", "FILES         = '/wp-content'", "FILES         = '/tmp'")},
	"a look at the files has an end":           {"TestWordPressHealth", inConfigMaps("healthz.php", "FILES_SECONDS = 2", "FILES_SECONDS = 60")},
	"a site without its web server has failed": {"TestWordPressHealth", inConfigMaps("healthz.php", "SITE_PORT  = 80;", "SITE_PORT  = 8081;")},
	"a full queue is no failure in a pause of the database": {"TestWordPressHealth",
		inConfigMaps("healthz.php", "QUEUE_FULL = 110;", "QUEUE_FULL = 0;")},
	"a full queue does not make the pod unready": {"TestWordPressHealth", change("wordpress", func(pod *declared.Pod) {
		c := pod.Container("wordpress")
		c.ReadinessProbe = pod.Container("health").ReadinessProbe.DeepCopy()
		c.ReadinessProbe.ProbeHandler = c.LivenessProbe.ProbeHandler
	})},
	"a pause of the database is no failure":       {"TestWordPressHealth", inConfigMaps("healthz.php", "PAUSE_SECONDS = 45", "PAUSE_SECONDS = 0")},
	"a pause of the database has an end":          {"TestWordPressHealth", inConfigMaps("healthz.php", "PAUSE_SECONDS = 45", "PAUSE_SECONDS = 600")},
	"a site that is not installed can be reached": {"TestWordPressHealth", inConfigMaps("healthz.php", "NO_SUCH_TABLE = 1146", "NO_SUCH_TABLE = 0")},
	"the health page answers in time":             {"TestWordPressHealth", inConfigMaps("healthz.php", "_TIMEOUT, 2", "_TIMEOUT, 20")},
	"the tables have a collation that TiDB has": {"TestWordPressEveryRegion",
		environment("WORDPRESS_DB_COLLATE", func(string) string { return "" })},
	"one region at a time installs": {"TestWordPressInstallWaits",
		inConfigMaps("lock.php", "SELECT GET_LOCK('geo_wordpress_$name', $seconds)", "SELECT 1")},
	"who waits to install has not loaded WordPress": {"TestWordPressInstallWaits", inConfigMaps("install.php", "$lock = geo_wordpress_lock(",
		"define( 'WP_INSTALLING', true ); require '/var/www/html/wp-load.php'; $lock = geo_wordpress_lock(")},
	"an installation that WordPress ends has failed": {"TestWordPressInstallWaits", inConfigMaps("install.php", "exit( 1 ); // also", "// also")},
	"rows of two columns of one name are counted": {"TestWordPressOneRegion/CountsRows", inConfigMaps("geo-tidb.php",
		"WITH wp_found_rows ($names) AS ($counted) SELECT COUNT(*) AS `$name` FROM wp_found_rows",
		"SELECT COUNT(*) AS `$name` FROM ($counted) AS wp_found_rows")},
	"events run once":                          {"TestWordPressEveryRegion/CronOnce", inConfigMaps("geo-cron.php", "if ( wp_doing_cron() )", "if ( false )")},
	"events are read again under the lock":     {"TestWordPressEveryRegion/CronOnce", inConfigMaps("geo-cron.php", "wp_cache_delete( 'alloptions', 'options' );", "")},
	"options are asked for at once":            {"TestWordPressOneRegion/OptionsAtOnce", inConfigMaps("geo-options.php", "wp_prime_option_caches( $", "count( $")},
	"mail goes to the configured server":       {"TestWordPressOneRegion/SendsMail", inConfigMaps("geo-mail.php", "$mailer->isSMTP();\n\t$mailer->Host = GEO", "\n\t$mailer->Host = GEO")},
	"a staging site sends no mail":             {"TestWordPressEveryRegion", inConfigMaps("geo-staging.php", "function wp_mail(", "function another(")},
	"a staging site is not for search engines": {"TestWordPressEveryRegion", inConfigMaps("geo-staging.php", "header( 'X-Robots", "strlen( 'X-Robots")},
	"without a server there is no mail":        {"TestWordPressEveryRegion", inConfigMaps("geo-mail.php", "'phpmailer_init', 'geo_wordpress_no_mail'", "'never', 'geo_wordpress_no_mail'")},
	"a shell has the site's files": {"TestWordPressOneRegion/Shell", change("wordpress-cli", func(pod *declared.Pod) {
		pod.Container("wp-cli").VolumeMounts = slices.DeleteFunc(pod.Container("wp-cli").VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == "wp-content" })
	})},
	"mail goes by TLS only":                     {"TestWordPressOneRegion/SendsMail", inConfigMaps("geo-mail.php", "'ssl' : 'tls';", "'ssl' : '';")},
	"the mail server proves its name":           {"TestWordPressOneRegion/SendsMail", inConfigMaps("geo-mail.php", "'verify_peer_name'  => true", "'verify_peer_name'  => false")},
	"nobody updates WordPress in the dashboard": {"TestWordPressOneRegion/CoreIsTheImages", inConfigMaps("geo-core.php", "array( 'do_not_allow' )", "$caps")},
	"TiDB counts rows":                          {"TestWordPressInBrowser/unstable", inConfigMaps("geo-tidb.php", "add_filter(", "return; add_filter(")},
	"WordPress finds what lies outside of the volume": {"TestWordPressInBrowser/stable",
		inConfigMaps("config-extra.php", "WPMU_PLUGIN_DIR", "ANOTHER_DIR")},
	"pictures may be large":                       {"TestWordPressInBrowser/unstable", inConfigMaps("php.ini", fmt.Sprintf("upload_max_filesize = %dM", sizing.UploadMiB), "")},
	"the cron asks until it is answered":          {"TestWordPressOneRegion", inCron("until ", "", "; do sleep 5; done", "")},
	"a site to be installed is no failure":        {"TestWordPressOneRegion", inCron("[23]", "2")},
	"a theme is copied whole":                     {"TestWordPressStartsWhole", inConfigMaps("start.sh", `cp -R "$directory" "$copies/copy"`, `mkdir -p "$name"; cp -R "$directory." "$name"`)},
	"a login is good in every region":             {"TestWordPressInBrowser/unstable", oneRegionsOwn("WORDPRESS_LOGGED_IN_SALT")},
	"a login is good in every region's dashboard": {"TestWordPressInBrowser/unstable", oneRegionsOwn("WORDPRESS_AUTH_SALT")},
	"a region that returns has its PD's data":     {"TestRegionLost", withoutClaims("pd")},
	"a region's people can go on in another":      {"TestRegionLost", oneRegionsOwn("WORDPRESS_NONCE_SALT")},
	"Syncthing starts again over its own files": {"TestRegionLost", change("syncthing", func(pod *declared.Pod) {
		command := pod.Container("install").Command
		command[len(command)-1] = replaced(command[len(command)-1], "cp -f ", "cp ")
	})},
}

var healthProbe = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"curl", "-sS", "-f", "-m", "2", "--cacert", "/etc/database-tls/ca.crt",
	"--cert", "/etc/database-tls/tls.crt", "--key", "/etc/database-tls/tls.key", "https://localhost:2379/health"}}}

// committed returns the committed stack with the given keys set, and without the setting that the run undoes.
func committed(t *testing.T, set map[string]string) *declared.Stack {
	t.Helper()
	stack := declared.Committed(t, set)
	if name := os.Getenv(undoVariable); name != "" {
		s, ok := undone[name]
		if !ok {
			t.Fatalf("%s=%s: there is no such setting; there are %q", undoVariable, name, slices.Sorted(maps.Keys(undone)))
		}
		t.Logf("taken back: %s", name)
		s.undo(stack)
	}
	return stack
}

// change returns a change to an application's pods, in every region that has them.
func change(app string, to func(*declared.Pod)) func(*declared.Stack) {
	return func(stack *declared.Stack) {
		for _, region := range stack.Regions {
			region.Change(app, to)
		}
	}
}

// setEnv gives a container's variable another value.
func setEnv(c *corev1.Container, name, value string) {
	for i := range c.Env {
		if c.Env[i].Name == name {
			c.Env[i] = corev1.EnvVar{Name: name, Value: value}
		}
	}
}

// withoutClaims makes an application's volumes end with its pods.
func withoutClaims(app string) func(*declared.Stack) {
	return change(app, func(pod *declared.Pod) {
		for i := range pod.Spec().Volumes {
			if pod.Spec().Volumes[i].PersistentVolumeClaim != nil {
				pod.Spec().Volumes[i].VolumeSource = corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
			}
		}
	})
}

// oneRegionsOwn gives a key of a Secret another value in one region than in the others.
func oneRegionsOwn(name string) func(*declared.Stack) {
	return func(stack *declared.Stack) {
		found := 0
		for _, secret := range stack.Regions[1].Secrets {
			if _, ok := secret.Data[name]; ok {
				secret.Data[name] = []byte("another region's own")
				found++
			}
		}
		if found != 1 {
			panic(fmt.Sprintf("%d Secrets have a key %s", found, name))
		}
	}
}

// inCron replaces parts of the cron's script.
func inCron(oldnew ...string) func(*declared.Stack) {
	return change("wordpress-cron", func(pod *declared.Pod) {
		script := &pod.Container("wordpress-cron").Command[2]
		*script = strings.NewReplacer(oldnew...).Replace(*script)
	})
}

// oneServer makes WordPress's web server serve the health page too, from one pool of processes.
func oneServer(stack *declared.Stack) {
	inConfigMaps("apache.conf", "KeepAlive Off", "KeepAlive Off\nListen 8081")(stack)
	change("wordpress", func(pod *declared.Pod) {
		site, page := pod.Container("wordpress"), *pod.Container("health")
		site.ReadinessProbe = page.ReadinessProbe
		for _, mount := range page.VolumeMounts {
			switch {
			case mount.SubPath == "healthz.php":
				mount.MountPath = "/var/www/html/healthz.php"
			case mount.Name != "wp-content": // at the page's own path
				continue
			}
			site.VolumeMounts = append(site.VolumeMounts, mount)
		}
		pod.Spec().Containers = slices.DeleteFunc(pod.Spec().Containers, func(c corev1.Container) bool { return c.Name == page.Name })
	})(stack)
}

// environment changes a variable of WordPress's pods, and of the Jobs that install the site.
func environment(name string, to func(string) string) func(*declared.Stack) {
	all := func(pod *declared.Pod) {
		for i := range pod.Spec().Containers {
			for j, variable := range pod.Spec().Containers[i].Env {
				if variable.Name == name {
					pod.Spec().Containers[i].Env[j].Value = to(variable.Value)
				}
			}
		}
	}
	return func(stack *declared.Stack) {
		change("wordpress", all)(stack)
		change("wordpress-install", all)(stack)
	}
}

// inConfigMaps replaces a text in a key of every ConfigMap that has the key. If the new text starts a comment, it
// comments out the old text, to the end of the line.
func inConfigMaps(key, old, new string) func(*declared.Stack) {
	return func(stack *declared.Stack) {
		for _, region := range stack.Regions {
			for _, object := range region.ConfigMaps {
				if text, ok := object.Data[key]; ok {
					object.Data[key] = replaced(text, old, new)
				}
			}
		}
	}
}

// inSecrets is inConfigMaps for Secrets.
func inSecrets(key, old, new string) func(*declared.Stack) {
	return func(stack *declared.Stack) {
		for _, region := range stack.Regions {
			for _, object := range region.Secrets {
				if text, ok := object.Data[key]; ok {
					object.Data[key] = []byte(replaced(string(text), old, new))
				}
			}
		}
	}
}

// replaced replaces a text. It panics if the text is not there: the setting has changed its form.
func replaced(text, old, new string) string {
	if !strings.Contains(text, old) {
		panic(fmt.Sprintf("%q is not in\n%s", old, text))
	}
	if strings.HasPrefix(new, "-- ") || strings.HasPrefix(new, "# ") {
		new += old
	}
	return strings.ReplaceAll(text, old, new)
}

// runGuards runs each setting's test without the setting, in new namespaces on this machine, and counts the tests that
// pass, which they must not, or that do not finish. -run selects among the settings' tests.
func runGuards() (failures int) {
	chosen := regexp.MustCompile(flag.Lookup("test.run").Value.String())
	for _, name := range slices.Sorted(maps.Keys(undone)) {
		test := undone[name].test
		if !chosen.MatchString(test) {
			continue
		}
		command := exec.Command("/proc/self/exe", "-test.run=^"+test+"$", "-test.v", "-test.timeout=15m")
		command.Env = append(os.Environ(), undoVariable+"="+name)
		output, err := command.CombinedOutput()
		switch text := string(output); {
		case err == nil:
			fmt.Printf("NOT NOTICED  %s: %s passes without it\n", name, test)
			failures++
		case !strings.Contains(text, "--- FAIL: "+test) || strings.Contains(text, "\npanic: "):
			fmt.Printf("BROKEN       %s: %s did not come to an end:\n%s\n", name, test, text)
			failures++
		default:
			fmt.Printf("noticed      %s, by %s: %s\n", name, test, firstComplaint(text))
		}
	}
	return failures
}

// firstComplaint returns the first line of a test's output that reports a failure.
func firstComplaint(output string) string {
	for _, line := range strings.Split(output, "\n") {
		if strings.Contains(line, "_test.go:") && !strings.Contains(line, "taken back") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
