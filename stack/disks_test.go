package stack_test

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var diskRules = []invariant{
	{"each region has its disks, in its zone", eachRegionHasItsDisks},
	{"each disk has a volume, and each volume a disk", eachDiskHasAVolume},
	{"each claim on a disk has its volume", eachClaimHasItsVolume},
	{"each claim on a disk is used by the pods of one machine", eachClaimIsUsed},
	{"machines come after what they need, and go first", machinesComeAfterWhatTheyNeed},
}

func eachRegionHasItsDisks(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		sizes := map[string]int{"pd": s.config.Disks.PD, "tikv": s.config.Disks.TiKV, "files": s.config.Disks.Files}
		for _, disk := range s.in(region, "Disk") {
			role := disk.Name[strings.LastIndex(disk.Name, "-")+1:]
			if disk.At("size") != float64(sizes[role]) {
				t.Errorf("%s has %v GiB, want %d", disk, disk.At("size"), sizes[role])
			}
			delete(sizes, role)
			if disk.Text("zone") != region.Zone {
				t.Errorf("%s is in %s, want %s", disk, disk.Text("zone"), region.Zone)
			}
		}
		if len(sizes) > 0 {
			t.Errorf("%s has no disks for %v", region.Name, sizes)
		}
	}
}

func eachDiskHasAVolume(t rapid.TB, s *system) {
	volumes := map[*stacktest.Resource]*stacktest.Resource{} // by disk
	for _, region := range s.config.Regions {
		for _, volume := range s.in(region, "PersistentVolume") {
			var disks []*stacktest.Resource
			for _, urn := range volume.PropertyDependencies["spec"] {
				if r := s.Get(urn); r.Type == stacktest.DiskType {
					disks = append(disks, r)
				}
			}
			if len(disks) != 1 || s.regionOf(disks[0]) != region.Name {
				t.Errorf("%s is made of the disks %v, want one of %s", volume, disks, region.Name)
				continue
			}
			if other := volumes[disks[0]]; other != nil {
				t.Errorf("%s and %s share %s", volume, other, disks[0])
			}
			volumes[disks[0]] = volume
			wants := map[string]any{
				// Not auto-named: a create whose response is lost would leave a second volume behind.
				"metadata.name":                      volume.Name,
				"spec.persistentVolumeReclaimPolicy": "Retain",
				"spec.csi.driver":                    "pd.csi.storage.gke.io",
				"spec.capacity.storage":              quantity(number(t, fmt.Sprint(disks[0].At("size")))),
				"spec.nodeAffinity.required.nodeSelectorTerms.0.matchExpressions.0.key":      "topology.gke.io/zone",
				"spec.nodeAffinity.required.nodeSelectorTerms.0.matchExpressions.0.operator": "In",
				"spec.nodeAffinity.required.nodeSelectorTerms.0.matchExpressions.0.values.0": region.Zone,
				"spec.nodeAffinity.required.nodeSelectorTerms.0.matchExpressions.0.values.1": nil,
			}
			if !s.Preview {
				wants["spec.csi.volumeHandle"] = disks[0].ID
			}
			for path, want := range wants {
				if got := volume.At(path); got != want {
					t.Errorf("%s: %s is %v, want %v", volume, path, got, want)
				}
			}
		}
	}
	for _, disk := range s.Of(stacktest.DiskType) {
		if volumes[disk] == nil {
			t.Errorf("%s has no volume", disk)
		}
	}
}

// onDisks are the region's claims, except that of the NFS export.
func (s *system) onDisks(region string) []*stacktest.Resource {
	return s.Where(func(r *stacktest.Resource) bool {
		return r.Kind() == "PersistentVolumeClaim" && s.regionOf(r) == region && r.At("spec.volumeName") != nil
	})
}

func eachClaimHasItsVolume(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		claims := s.onDisks(region.Name)
		if len(claims) != 3 {
			t.Errorf("%s has %d claims on disks, want 3", region.Name, len(claims))
		}
		for _, claim := range claims {
			var volume *stacktest.Resource
			for _, urn := range claim.PropertyDependencies["spec"] {
				if r := s.Get(urn); r.Kind() == "PersistentVolume" {
					volume = r
				}
			}
			if volume == nil {
				t.Errorf("%s is not made for a volume of the graph", claim)
				continue
			}
			for path, want := range map[string]any{
				"spec.storageClassName":           volume.At("spec.storageClassName"),
				"spec.resources.requests.storage": volume.At("spec.capacity.storage"),
				"spec.accessModes.0":              "ReadWriteOnce",
				"metadata.name":                   volume.At("spec.claimRef.name"),
				"metadata.namespace":              volume.At("spec.claimRef.namespace"),
			} {
				if got := claim.At(path); got != want {
					t.Errorf("%s: %s is %v, its volume says %v", claim, path, got, want)
				}
			}
			if !s.Preview && claim.At("spec.volumeName") != volume.ObjectName() {
				t.Errorf("%s asks for the volume %v, which is %s", claim, claim.At("spec.volumeName"), volume.ObjectName())
			}
			canGrow := false
			for _, class := range s.in(region, "StorageClass") {
				if class.ObjectName() != claim.Text("spec.storageClassName") {
					continue
				}
				if class.At("provisioner") != noProvisioner {
					t.Errorf("%s has a class that provisions, %s", claim, class)
				}
				canGrow = class.At("allowVolumeExpansion") == true && s.Closure(claim)[class]
			}
			if !canGrow {
				t.Errorf("%s does not wait for a class that lets it grow", claim)
			}
		}
	}
}

// eachClaimIsUsed: a disk is attached to one node, so each workload on it has one replica, and all but one are bound to
// that one's node.
func eachClaimIsUsed(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		for _, claim := range s.onDisks(region.Name) {
			var users []stacktest.Workload
			for _, w := range s.workloads(region) {
				for urn := range s.mounted(w, "PersistentVolumeClaim") {
					if urn == claim {
						users = append(users, w)
					}
				}
			}
			if len(users) == 0 {
				if !s.Preview { // where claims have no names yet
					t.Errorf("%s is used by nobody", claim)
				}
				continue
			}
			for _, w := range users {
				if w.Spec.Replicas != 1 {
					t.Errorf("%s has %d replicas on %s", w, w.Spec.Replicas, claim)
				}
			}
			bound := 0 // to the one workload that is bound to no other
			for _, w := range users {
				bound += len(w.Pod.Affinity.PodAffinity.Required)
			}
			if bound != len(users)-1 {
				t.Errorf("of the %d workloads on %s, %d are bound to another's machine", len(users), claim, bound)
			}
		}
	}
}

func machinesComeAfterWhatTheyNeed(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		for _, pool := range s.in(region, "NodePool") {
			before := s.Closure(pool)
			needs := s.in(region, "Disk", "RouterNat", "IAMMember", "Subnetwork", "Cluster", "Account")
			needs = append(needs, s.Of("gcp:compute/firewall:Firewall")...)
			needs = slices.DeleteFunc(needs, func(r *stacktest.Resource) bool { return !r.Custom })
			kinds := map[string]int{}
			for _, need := range needs {
				kinds[need.Kind()]++
				if !before[need] {
					t.Errorf("%s does not wait for %s", pool, need)
				}
			}
			for kind, least := range map[string]int{"Disk": 3, "RouterNat": 1, "IAMMember": 1, "Subnetwork": 1, "Firewall": 2, "Account": 1} {
				if kinds[kind] < least {
					t.Errorf("%s has %d of %s, want %d", region.Name, kinds[kind], kind, least)
				}
			}
		}
	}
}

// quantity is a size in GiB as the API server writes it; another form would be planned again and again.
func quantity(gib float64) string {
	if math.Mod(gib, 1024) == 0 {
		return fmt.Sprintf("%vTi", gib/1024)
	}
	return fmt.Sprintf("%vGi", gib)
}
