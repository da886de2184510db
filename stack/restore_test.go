package stack_test

import "pgregory.net/rapid"

// aRestoreComesFirst: no region's Job unpacks the backup's files once a WordPress or a Syncthing of any region runs. It would
// overwrite what has been edited since, and Syncthing would carry that to all regions. And no WordPress starts before the
// Syncthings, which announce all files before one is changed.
func aRestoreComesFirst(t rapid.TB, s *system) {
	if s.config.Restore == nil {
		return
	}
	for _, region := range s.config.Regions {
		syncthing, wordpress := s.workload(t, region, "syncthing"), s.workload(t, region, "wordpress")
		for _, other := range s.config.Regions {
			job := s.workload(t, other, "restore")
			for _, w := range []string{"syncthing", "wordpress", "wordpress-cron", "wordpress-cli"} {
				if later := s.workload(t, region, w); !s.Closure(later.Resource)[job.Resource] {
					t.Errorf("%s does not wait for %s", later, job)
				}
			}
			if first := s.workload(t, other, "syncthing"); !s.Closure(wordpress.Resource)[first.Resource] {
				t.Errorf("%s does not wait for %s", wordpress, first)
			}
		}
		if s.Closure(syncthing.Resource)[wordpress.Resource] {
			t.Errorf("%s waits for %s", syncthing, wordpress)
		}
	}
}
