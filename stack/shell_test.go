package stack_test

import (
	"slices"

	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var shellRules = []invariant{
	{"a shell is as WordPress's pods are, and starts when somebody asks", shellsAreLikeWordPress},
}

// shellsAreLikeWordPress: whoever works in a shell sees what WordPress sees. Nothing starts one but a person, and none
// stays.
func shellsAreLikeWordPress(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		shell, site := s.workload(t, region, "wordpress-cli"), s.workload(t, region, "wordpress")
		if shell.At("spec.suspend") != true {
			t.Errorf("%s starts by itself: %v", shell, shell.At("spec"))
		}
		for path, least := range map[string]float64{"activeDeadlineSeconds": 3600, "ttlSecondsAfterFinished": 0} {
			if n, ok := shell.At("spec.jobTemplate.spec." + path).(float64); !ok || n < least || n > 12*3600 {
				t.Errorf("%s has %s %v", shell, path, shell.At("spec.jobTemplate.spec."+path))
			}
		}
		if shell.At("spec.jobTemplate.spec.backoffLimit") != float64(0) {
			t.Errorf("%s starts again after its end", shell)
		}
		mine, theirs := shell.Pod.Containers[0], site.Pod.Containers[0]
		for _, v := range theirs.Env {
			if own := mine.EnvVar(v.Name); own == nil || !equal(*own, v) {
				t.Errorf("%s has the variable %+v, WordPress has %+v", shell, own, v)
			}
		}
		// Not the web server's own.
		webServers := []string{"/etc/apache2/conf-enabled/zz-geo-wordpress.conf", "/run/apache2", "/run/lock/apache2", "/var/www/html/startz.php"}
		for _, m := range theirs.VolumeMounts {
			if !slices.Contains(webServers, m.MountPath) && mountAt(mine, m.MountPath) != m {
				t.Errorf("%s mounts %+v, WordPress %+v", shell, mountAt(mine, m.MountPath), m)
			}
		}
		for _, m := range mine.VolumeMounts {
			if one, other := shell.Pod.Volume(m.Name), site.Pod.Volume(m.Name); other != nil && !equal(withoutSources(one), withoutSources(other)) {
				t.Errorf("%s has the volume %+v, WordPress %+v", shell, one, other)
			}
		}
		if !equal(mine.SecurityContext, theirs.SecurityContext) || !equal(shell.Pod.SecurityContext, site.Pod.SecurityContext) {
			t.Errorf("%s is confined by %+v, WordPress by %+v", shell, mine.SecurityContext, theirs.SecurityContext)
		}
	}
}

func withoutSources(v *stacktest.Volume) any {
	return struct{ ConfigMap, Secret, Claim, EmptyDir any }{v.ConfigMap, v.Secret, v.Claim, v.EmptyDir}
}
