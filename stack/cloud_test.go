package stack_test

import (
	"slices"
	"strings"

	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

// cloudRules check that no Kubernetes object owns anything outside its cluster: everything billable is in the graph,
// and a destroy leaves nothing behind.
var cloudRules = []invariant{
	{"only kinds that own nothing in the cloud", onlyKindsThatOwnNothing},
	{"no service asks for a load balancer", noServiceAsksForALoadBalancer},
	{"no annotation speaks to Google's controllers", noAnnotationSpeaksToGoogle},
	{"no claim is left to a cluster's default class", noClaimIsLeftToADefaultClass},
	{"clusters make no load balancers by themselves", clustersMakeNoLoadBalancers},
	{"APIs stay on", apisStayOn},
}

// ownsNothing are the kinds that the program uses. A kind added here must create nothing outside the cluster.
var ownsNothing = []string{
	"Namespace", "ConfigMap", "Secret", "Service", "ServiceAccount", "PersistentVolume", "PersistentVolumeClaim",
	"StatefulSet", "Deployment", "Job", "CronJob", "NetworkPolicy", "PodDisruptionBudget", "StorageClass",
	"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "PriorityClass",
	"HorizontalPodAutoscaler",
	"PodMonitoring", // of the cluster's own collectors
}

func onlyKindsThatOwnNothing(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if r.IsKubernetes() && !slices.Contains(ownsNothing, r.Kind()) {
			t.Errorf("%s is of a kind that is not known to own nothing in the cloud", r)
		}
	}
}

func noServiceAsksForALoadBalancer(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if r.Kind() != "Service" || !r.IsKubernetes() {
			continue
		}
		if typ := r.Text("spec.type"); typ != "ClusterIP" && typ != "NodePort" {
			t.Errorf("%s is of type %q", r, typ)
		}
		for _, field := range []string{"loadBalancerIP", "loadBalancerClass", "loadBalancerSourceRanges", "externalIPs"} {
			if r.At("spec."+field) != nil {
				t.Errorf("%s sets %s", r, field)
			}
		}
	}
}

func noAnnotationSpeaksToGoogle(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if !r.IsKubernetes() {
			continue
		}
		for name := range r.Metadata().Annotations {
			if !strings.HasPrefix(name, "pulumi.com/") && !(r.Kind() == "ServiceAccount" && name == "iam.gke.io/gcp-service-account") {
				t.Errorf("%s is annotated with %s", r, name)
			}
		}
	}
	for _, w := range s.Workloads() {
		for name, value := range podAnnotations(w) {
			if !strings.HasPrefix(name, "geo-wordpress/") && !(name == safeToEvict && value == "false") {
				t.Errorf("the pods of %s are annotated with %s: %v", w, name, value)
			}
		}
	}
}

// noProvisioner is the provisioner of classes that provision nothing.
const noProvisioner = "kubernetes.io/no-provisioner"

// noClaimIsLeftToADefaultClass: GKE's default class, and a StatefulSet's claim templates, would create disks outside
// the graph.
func noClaimIsLeftToADefaultClass(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		switch r.Kind() {
		case "PersistentVolumeClaim":
			if class, ok := r.At("spec.storageClassName").(string); !ok || class == "" {
				t.Errorf("%s names no storage class", r)
			}
		case "StorageClass":
			if by := r.Text("provisioner"); !strings.HasPrefix(by, "geo-wordpress/") && by != noProvisioner {
				t.Errorf("%s is provisioned by %q, which is not the graph's own", r, by)
			}
			if r.Metadata().Annotations["storageclass.kubernetes.io/is-default-class"] == "true" {
				t.Errorf("%s makes itself the default class", r)
			}
		}
	}
	for _, w := range s.Workloads() {
		if len(w.Spec.VolumeClaimTemplates) > 0 {
			t.Errorf("%s makes claims of its own", w)
		}
	}
}

func clustersMakeNoLoadBalancers(t rapid.TB, s *system) {
	for _, r := range s.Of(stacktest.ClusterType) {
		if r.At("addonsConfig.httpLoadBalancing.disabled") != true {
			t.Errorf("%s runs the HTTP load balancing addon", r)
		}
	}
}

func apisStayOn(t rapid.TB, s *system) {
	services := s.Of("gcp:projects/service:Service")
	if s.config.ManageServices == (len(services) == 0) {
		t.Errorf("%d APIs are enabled, manageServices is %v", len(services), s.config.ManageServices)
	}
	for _, r := range services {
		if r.At("disableOnDestroy") != false {
			t.Errorf("%s is switched off for everybody when the stack is destroyed", r)
		}
	}
	// No Google resource is created before its API is enabled.
	for _, r := range s.Resources {
		if !strings.HasPrefix(r.Type, "gcp:") || r.Kind() == "Service" {
			continue
		}
		before := s.Closure(r)
		for _, service := range services {
			if !before[service] {
				t.Errorf("%s does not wait for %s", r, service.Name)
			}
		}
	}
}
