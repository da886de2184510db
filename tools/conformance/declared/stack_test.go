package declared_test

import (
	"testing"

	"geo-wordpress/tools/conformance/declared"
)

// Every region must have every application that the other tests run, and the values that Pulumi only knows once a
// resource exists.
func TestCommittedStackHasItsApplications(t *testing.T) {
	stack := declared.Committed(t, nil)
	if len(stack.Regions) != 3 {
		t.Fatalf("%d regions, want 3", len(stack.Regions))
	}
	for _, region := range stack.Regions {
		for _, app := range []string{"pd", "tikv", "tidb", "database-init", "nfs", "syncthing", "wordpress", "wordpress-cron"} {
			if app == "database-init" && region != stack.Regions[0] {
				continue
			}
			pod := region.Pod(app)
			if len(pod.Spec().Containers) == 0 || pod.Namespace == "" {
				t.Errorf("%s in %s is empty: %+v", app, region.Name, pod)
			}
			for _, volume := range pod.Spec().Volumes {
				key := declared.Key{Namespace: pod.Namespace}
				var found bool
				switch {
				case volume.ConfigMap != nil:
					key.Name = volume.ConfigMap.Name
					_, found = region.ConfigMaps[key]
				case volume.Secret != nil:
					key.Name = volume.Secret.SecretName
					_, found = region.Secrets[key]
				case volume.PersistentVolumeClaim != nil:
					key.Name = volume.PersistentVolumeClaim.ClaimName
					_, found = region.Claims[key]
				default:
					found = volume.EmptyDir != nil
				}
				if !found {
					t.Errorf("%s in %s: volume %s: there is no %s", app, region.Name, volume.Name, key)
				}
			}
		}
	}
	if stack.Output("database", "rootPassword") == "" || stack.Output("loadbalancer_ip") == "" {
		t.Error("outputs are missing")
	}
}
