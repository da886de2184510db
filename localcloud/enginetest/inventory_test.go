package enginetest

import (
	"slices"
	"strings"
)

// record is a resource in an exported state.
type record struct {
	URN, Type, ID string
	Custom        bool
	Delete        bool
	Inputs        map[string]any
}

type deployment struct {
	Resources         []record
	PendingOperations []struct {
		Type     string
		Resource record
	} `json:"pending_operations"`
}

func (b *bench) state() deployment {
	b.t.Helper()
	return decode[struct{ Deployment deployment }](b.t, b.outputOf("stack export")).Deployment
}

// cloudResources lists the existing Google resources, as "type ID".
func (b *bench) cloudResources() []string {
	b.t.Helper()
	var all []string
	for _, r := range b.status().Resources {
		all = append(all, r.Type+" "+r.ID)
	}
	slices.Sort(all)
	return all
}

// checkInventory compares the stack's state with the resources in Google Cloud and in every cluster: one to one.
func checkInventory(b *bench) {
	b.t.Helper()
	state := b.state()
	for _, operation := range state.PendingOperations {
		b.t.Errorf("the state holds an interrupted operation: %s %s", operation.Type, operation.Resource.URN)
	}
	var google []string
	objects := map[string][]string{} // by region
	for _, r := range state.Resources {
		switch {
		case r.Delete:
			b.t.Errorf("the state holds a resource that waits for its deletion: %s %s", r.URN, r.ID)
		case strings.HasPrefix(r.Type, "gcp:"):
			google = append(google, r.Type+" "+r.ID)
		case strings.HasPrefix(r.Type, "kubernetes:"):
			region := ""
			for _, name := range regionNames {
				if strings.Contains(r.URN[strings.LastIndex(r.URN, "::"):], name) {
					region = name
				}
			}
			kind := r.Type[strings.LastIndexByte(r.Type, ':')+1:]
			objects[region] = append(objects[region], kind+" "+r.ID)
		}
	}
	slices.Sort(google)
	resources := map[string]bool{}
	for _, r := range b.cloudResources() {
		resources[r] = true
	}
	compare(b, "Google Cloud", google, resources)
	for _, region := range regionNames {
		slices.Sort(objects[region])
		compare(b, region, objects[region], b.objects(region))
	}
}

// compare matches the state's resources against the existing ones, of which only the stack's own must be in the state.
func compare(b *bench, where string, known []string, there map[string]bool) {
	b.t.Helper()
	for _, k := range known {
		if own, ok := there[k]; !ok {
			b.t.Errorf("%s: in the state, but does not exist: %s", where, k)
		} else if !own {
			b.t.Errorf("%s: in the state, but not applied by the stack: %s", where, k)
		}
	}
	for r, own := range there {
		if own && !slices.Contains(known, r) {
			b.t.Errorf("%s: an orphan, not in the state: %s", where, r)
		}
	}
	if len(slices.Compact(slices.Clone(known))) != len(known) {
		b.t.Errorf("%s: the state holds a resource twice: %v", where, known)
	}
}

// objects lists the objects in a region's cluster, as "kind ID", and whether the stack has applied each.
func (b *bench) objects(region string) map[string]bool {
	b.t.Helper()
	type object struct {
		Kind     string
		Metadata struct {
			Name, Namespace string
			ManagedFields   []struct{ Manager string }
		}
	}
	kinds := "namespaces,configmaps,secrets,services,serviceaccounts,persistentvolumes,persistentvolumeclaims," +
		"statefulsets,deployments,jobs,cronjobs,networkpolicies,poddisruptionbudgets,storageclasses,priorityclasses," +
		"clusterroles,clusterrolebindings,roles,rolebindings"
	found := decode[struct{ Items []object }](b.t,
		b.kubectl(region, "get", kinds, "-A", "-o", "json", "--show-managed-fields"))
	all := map[string]bool{}
	for _, o := range found.Items {
		id := o.Metadata.Name
		if o.Metadata.Namespace != "" {
			id = o.Metadata.Namespace + "/" + id
		}
		own := false
		for _, field := range o.Metadata.ManagedFields {
			own = own || field.Manager == "geo-wordpress"
		}
		all[o.Kind+" "+id] = own
	}
	return all
}

// disks lists the existing data disks.
func (b *bench) disks() []string {
	b.t.Helper()
	return slices.DeleteFunc(b.cloudResources(), func(r string) bool {
		return !strings.HasPrefix(r, "gcp:compute/disk:Disk ")
	})
}

// keptDisks checks that a data disk, once created, is never deleted.
type keptDisks map[string]bool

func (k keptDisks) check(b *bench) {
	b.t.Helper()
	now := b.disks()
	for disk := range k {
		if !slices.Contains(now, disk) {
			b.t.Errorf("a data disk was deleted: %s", disk)
		}
	}
	for _, disk := range now {
		k[disk] = true
	}
}

const dataDisks = 9 // three in each region
