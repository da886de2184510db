package stack_test

import (
	"regexp"
	"strconv"
	"strings"

	"geo-wordpress/sizing"

	"pgregory.net/rapid"
)

var memoryRules = []invariant{
	{"the processes of Apache fit their container's memory", processesFitTheirMemory},
	{"uploads fit where PHP puts them", uploadsFit},
}

// setting is a number in a configuration file: "MaxRequestWorkers 8", "memory_limit = 256M".
func setting(t rapid.TB, text, name string) int {
	t.Helper()
	found := regexp.MustCompile(`(?m)^(?:php_admin_value )?` + regexp.QuoteMeta(name) + `[ =]+(\d+)M?$`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no setting %s in\n%s", name, text)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// inMebibytes is a quantity in Mi.
func inMebibytes(t rapid.TB, quantity string) int {
	t.Helper()
	digits, ok := strings.CutSuffix(quantity, "Mi")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		t.Fatalf("%q is no quantity in Mi", quantity)
	}
	return n
}

// processesFitTheirMemory: with memory.oom.group, one process over the limit kills all, so the limit must allow every
// process its maximum at once.
func processesFitTheirMemory(t rapid.TB, s *system) {
	if s.Preview {
		return
	}
	for _, region := range s.config.Regions {
		w := s.workload(t, region, "wordpress")
		site, page := s.container(t, region, "wordpress", "wordpress"), s.container(t, region, "wordpress", "health")
		apache := s.mountedAt(t, w, site, "/etc/apache2/conf-enabled/zz-geo-wordpress.conf")
		php := s.mountedAt(t, w, site, "/usr/local/etc/php/conf.d/zz-geo-wordpress.ini")
		health := s.mountedAt(t, w, page, "/etc/geo-wordpress/health.conf")
		for _, c := range []struct {
			name, limit               string
			processes, each, together int
		}{
			{"wordpress", site.Resources.Limits["memory"], setting(t, apache, "MaxRequestWorkers"),
				setting(t, php, "memory_limit") + sizing.ImageMemoryMiB + sizing.ProcessMemoryMiB,
				setting(t, php, "opcache.memory_consumption") + sizing.ServerMemoryMiB},
			{"health", page.Resources.Limits["memory"], setting(t, health, "MaxRequestWorkers"),
				setting(t, health, "memory_limit") + sizing.HealthProcessMemoryMiB, sizing.HealthServerMemoryMiB},
		} {
			if need, limit := c.processes*c.each+c.together, inMebibytes(t, c.limit); need > limit {
				t.Errorf("%s: %s has %d processes of up to %d MiB, and %d MiB together: %d MiB under a limit of %d",
					w, c.name, c.processes, c.each, c.together, need, limit)
			}
		}
		if v := site.EnvVar("MAGICK_MEMORY_LIMIT"); v == nil || v.Value != strconv.Itoa(sizing.ImageMemoryMiB)+"MiB" {
			t.Errorf("%s: ImageMagick's memory has no limit", w)
		}
	}
}

// uploadsFit: a request's body is in /tmp until WordPress moves it, and a pod whose volume exceeds its limit is
// evicted.
func uploadsFit(t rapid.TB, s *system) {
	if s.Preview {
		return
	}
	for _, region := range s.config.Regions {
		w, site := s.workload(t, region, "wordpress"), s.container(t, region, "wordpress", "wordpress")
		apache := s.mountedAt(t, w, site, "/etc/apache2/conf-enabled/zz-geo-wordpress.conf")
		php := s.mountedAt(t, w, site, "/usr/local/etc/php/conf.d/zz-geo-wordpress.ini")
		for _, m := range site.VolumeMounts {
			if m.MountPath != "/tmp" {
				continue
			}
			need := setting(t, apache, "MaxRequestWorkers") * (setting(t, php, "post_max_size") + sizing.ImageDiskMiB)
			if limit := inMebibytes(t, w.Pod.Volume(m.Name).EmptyDir.SizeLimit); need > limit {
				t.Errorf("%s: uploads and pictures take %d MiB of /tmp, which has %d", w, need, limit)
			}
		}
	}
}
