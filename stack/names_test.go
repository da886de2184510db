package stack_test

import (
	"regexp"
	"slices"
	"strings"

	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var nameRules = []invariant{
	{"Google's names are left to auto-naming", googleNamesAreAutomatic},
	{"Google's names are within their limits", googleNamesAreWithinLimits},
	{"Kubernetes' names are within their limits", kubernetesNamesAreWithinLimits},
	{"objects of a cluster have names of their own", objectsHaveNamesOfTheirOwn},
	{"objects of a cluster are applied under one name", objectsAreAppliedUnderOneName},
	{"labels are within their limits", labelsAreWithinLimits},
}

// namesOfOthers are kinds whose name is that of what they belong to, and service accounts, which have an ID. A DNS record
// has the name that it is for.
var namesOfOthers = []string{"InstanceGroupNamedPort", "DiskResourcePolicyAttachment", "Account", "RecordSet"}

// googleNamesAreAutomatic: a resource with a fixed name is deleted before it is replaced, which Google refuses while
// another resource uses it. A named port needs the name that the backend service uses.
func googleNamesAreAutomatic(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if strings.HasPrefix(r.Type, "gcp:") && !slices.Contains(namesOfOthers, r.Kind()) && r.At("name") != nil {
			t.Errorf("%s is named %v", r, r.At("name"))
		}
	}
}

func googleNamesAreWithinLimits(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if !strings.HasPrefix(r.Type, "gcp:") {
			continue
		}
		limit := googlecloud.MaxName
		if r.Type == stacktest.ClusterType || r.Type == stacktest.PoolType {
			limit = googlecloud.MaxClusterName
		}
		if name := r.Output("name"); name != "" && !slices.Contains([]string{"Account", "NotificationChannel", "RecordSet"}, r.Kind()) {
			if !googlecloud.Name.MatchString(name) || len(name) > limit {
				t.Errorf("%s has the name %q, of %d characters of %d, which Google refuses", r, name, len(name), limit)
			}
		}
		if id, ok := r.At("accountId").(string); ok {
			if !googlecloud.ServiceAccountID.MatchString(id) {
				t.Errorf("%s has the ID %q, which Google refuses", r, id)
			}
		}
	}
}

var (
	dnsLabel     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	dnsSubdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

// nameLimits of kinds whose names become part of other names or labels: a CronJob's Jobs add eleven characters, and a
// StatefulSet's revisions, which are a label of each pod, add a hyphen and ten.
var nameLimits = map[string]int{"CronJob": 52, "StatefulSet": 52}

func kubernetesNamesAreWithinLimits(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		name := r.ObjectName()
		if !r.IsKubernetes() || name == stacktest.Unknown {
			continue
		}
		limit, ok := nameLimits[r.Kind()]
		if !ok {
			limit = googlecloud.MaxName
		}
		if !dnsLabel.MatchString(name) || len(name) > limit {
			t.Errorf("%s is %q in its cluster, which has %d characters of %d, or is no DNS label", r, name, len(name), limit)
		}
	}
	for _, region := range s.config.Regions {
		for _, service := range s.in(region, "Service") {
			name := regions.ServiceDNS(service.ObjectName(), service.Metadata().Namespace, region)
			if service.ObjectName() != stacktest.Unknown && service.Metadata().Namespace != stacktest.Unknown &&
				(!dnsSubdomain.MatchString(name) || len(name) > 253) {
				t.Errorf("%s resolves as %q, which is no DNS name", service, name)
			}
		}
	}
}

// objectsHaveNamesOfTheirOwn: with server-side apply, a second object of the same kind, namespace and name would take
// over the first one without an error.
func objectsHaveNamesOfTheirOwn(t rapid.TB, s *system) {
	owner := map[string]*stacktest.Resource{}
	for _, r := range s.Resources {
		if !r.IsKubernetes() || r.ObjectName() == stacktest.Unknown {
			continue
		}
		key := strings.Join([]string{r.Provider, r.Kind(), r.Metadata().Namespace, r.ObjectName()}, " ")
		if r.Metadata().Namespace == stacktest.Unknown {
			continue
		}
		if other := owner[key]; other != nil {
			t.Errorf("%s and %s are the same object", r, other)
		}
		owner[key] = r
	}
}

var labelValue = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)

func labelsAreWithinLimits(t rapid.TB, s *system) {
	check := func(r *stacktest.Resource, labels map[string]string) {
		for name, value := range labels {
			if !labelValue.MatchString(value) {
				t.Errorf("%s has the label %s=%q", r, name, value)
			}
		}
	}
	for _, r := range s.Resources {
		if r.IsKubernetes() {
			check(r, r.Metadata().Labels)
		}
	}
	for _, w := range s.Workloads() {
		check(w.Resource, w.Labels)
		server := !strings.HasSuffix(w.Kind(), "Job") // Kubernetes sets a Job's selector
		if server && (len(w.Spec.Selector.MatchLabels) == 0 || !w.Spec.Selector.Selects(w.Labels)) {
			t.Errorf("%s selects %v, its pods are labelled %v", w, w.Spec.Selector.MatchLabels, w.Labels)
		}
	}
}

// objectsAreAppliedUnderOneName: when an update is killed, a field manager name that the provider generated is lost,
// and the fields that it owns cannot be changed any more.
func objectsAreAppliedUnderOneName(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if !r.IsKubernetes() {
			continue
		}
		if name := r.Metadata().Annotations["pulumi.com/patchFieldManager"]; name != "geo-wordpress" {
			t.Errorf("%s is applied as %q", r, name)
		}
	}
}
