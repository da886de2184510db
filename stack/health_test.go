package stack_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"geo-wordpress/ports"
	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

func theHealthCheckAsksWhatPodsServe(t rapid.TB, s *system) {
	asked := s.Only(checkType, "loadbalancer").Text("httpHealthCheck.requestPath")
	for _, region := range s.config.Regions {
		w, server := s.workload(t, region, "wordpress"), s.container(t, region, "wordpress", "health")
		if got, want := action(server.ReadinessProbe), fmt.Sprintf("http %d %s?ready", ports.Health, asked); got != want {
			t.Errorf("%s: the pods' readiness is %q, the load balancer asks for %q", region.Name, got, want)
		}
		// A container that is restarted after its hook has run must not keep reporting that it stops.
		command := regexp.MustCompile(`^sh -c rm -f (\S+); exec apache2-foreground -f (\S+)$`).FindStringSubmatch(strings.Join(server.Command, " "))
		if command == nil || len(server.Args) > 0 {
			t.Fatalf("%s: the health page is served by %q %q", region.Name, server.Command, server.Args)
		}
		stopping := command[1]
		if hook := strings.Join(server.Lifecycle.PreStop.Exec.Command, " "); !strings.HasPrefix(hook, "sh -c touch "+stopping+"; sleep ") {
			t.Errorf("%s: the health page does not warn the load balancer before it stops, by %q", region.Name, hook)
		}
		settings := s.mountedAt(t, w, server, command[2])
		if s.Preview {
			continue
		}
		root := regexp.MustCompile(`(?m)^DocumentRoot (.*)$`).FindStringSubmatch(settings)
		if listen := fmt.Sprintf("\nListen %d\n", ports.Health); root == nil || !strings.Contains(settings, listen) {
			t.Fatalf("%s: the health page's web server has no document root, or does not%s%s", region.Name, listen, settings)
		}
		page := s.mountedAt(t, w, server, root[1]+asked)
		if site := fmt.Sprintf("SITE_PORT  = %d;", ports.HTTP); !strings.Contains(page, site) {
			t.Errorf("%s: the health page does not look at the site's port, by %q", region.Name, site)
		}
		if !strings.Contains(page, fmt.Sprintf("STOPPING      = '%s';", stopping)) {
			t.Errorf("%s: the health page does not look at %s", region.Name, stopping)
		}
		// The page must look for the shared volume where it is mounted.
		files := regexp.MustCompile(`FILES *= '([^']*)'`).FindStringSubmatch(page)
		if files == nil {
			t.Fatalf("%s: the health page does not look at the files", region.Name)
		}
		if i := slices.IndexFunc(server.VolumeMounts, func(m stacktest.VolumeMount) bool { return m.MountPath == files[1] }); i < 0 ||
			!mounts(s.container(t, region, "wordpress", "wordpress"), server.VolumeMounts[i].Name) || w.Pod.Volume(server.VolumeMounts[i].Name).Claim == nil {
			t.Errorf("%s: the health page looks for the files at %s, where WordPress's are not", region.Name, files[1])
		}
		// The page detects a pause by the time of its last read. It must keep that in a writable place of the
		// container's own.
		kept := regexp.MustCompile(`LAST_READ *= '([^']*)'`).FindStringSubmatch(page)
		if kept == nil {
			t.Fatalf("%s: the health page keeps no last read", region.Name)
		}
		own := slices.ContainsFunc(server.VolumeMounts, func(m stacktest.VolumeMount) bool {
			v := w.Pod.Volume(m.Name)
			return m.MountPath == path.Dir(kept[1]) && v != nil && v.EmptyDir != nil && !m.ReadOnly &&
				!mounts(s.container(t, region, "wordpress", "wordpress"), m.Name)
		})
		if !own {
			t.Errorf("%s: the health page keeps its last read at %s, which is on no scratch volume of its own", region.Name, kept[1])
		}
	}
}

// theHealthPageStandsAlone: of what WordPress's requests may wait for, the health page mounts only the shared volume,
// read-only, and reads it with a timeout. Its only secret is the database's password.
func theHealthPageStandsAlone(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		w := s.workload(t, region, "wordpress")
		site, page := s.container(t, region, "wordpress", "wordpress"), s.container(t, region, "wordpress", "health")
		for _, m := range page.VolumeMounts {
			if v := w.Pod.Volume(m.Name); v == nil || v.Claim != nil && (!m.ReadOnly || !mounts(site, m.Name)) {
				t.Errorf("%s: the health page has the volume %s to write to, or for itself", region.Name, m.Name)
			}
		}
		var names []string
		for _, v := range page.Env {
			if v.Name == "REGION" && v.Value == region.Name {
				continue // for leaderz.php
			}
			names = append(names, v.Name)
			if own := site.EnvVar(v.Name); own == nil || !equal(v, *own) {
				t.Errorf("%s: the health page has %+v, WordPress %+v", region.Name, v, own)
			}
		}
		slices.Sort(names)
		if want := []string{"WORDPRESS_DB_CA", "WORDPRESS_DB_HOST", "WORDPRESS_DB_NAME", "WORDPRESS_DB_PASSWORD", "WORDPRESS_DB_USER", "WORDPRESS_TABLE_PREFIX"}; !slices.Equal(names, want) {
			t.Errorf("%s: the health page knows %q, want %q", region.Name, names, want)
		}
	}
}

// container is a workload's container by its name.
func (s *system) container(t rapid.TB, region regions.Region, app, name string) stacktest.Container {
	t.Helper()
	all := s.workload(t, region, app).Pod.Containers
	i := slices.IndexFunc(all, func(c stacktest.Container) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("%s has no container %s", app, name)
	}
	return all[i]
}

func mounts(c stacktest.Container, volume string) bool {
	return slices.ContainsFunc(c.VolumeMounts, func(m stacktest.VolumeMount) bool { return m.Name == volume })
}

// mountedAt is the text of the ConfigMap key that a container mounts at a path.
func (s *system) mountedAt(t rapid.TB, w stacktest.Workload, c stacktest.Container, at string) string {
	t.Helper()
	for _, m := range c.VolumeMounts {
		if v := w.Pod.Volume(m.Name); m.MountPath == at && v != nil && v.ConfigMap != nil {
			if s.Preview {
				return ""
			}
			text, _ := s.object(w.Resource, "ConfigMap", v.ConfigMap.Name).Data()[m.SubPath].(string)
			return text
		}
	}
	t.Fatalf("%s: %s has no file at %s", w, c.Name, at)
	return ""
}
