package declared

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// AppLabel is the label that tells the stack's applications apart.
const AppLabel = "app.kubernetes.io/name"

// Pod is a pod as a controller would make it from its template.
type Pod struct {
	Region    *Region
	Namespace string
	// Name is the controller's name, without the suffix that tells its pods apart.
	Name     string
	Template corev1.PodTemplateSpec
}

// App returns the application that the pod's label names.
func (p *Pod) App() string { return p.Template.Labels[AppLabel] }

// Spec returns the pod's specification, which a test may change before the pod is started.
func (p *Pod) Spec() *corev1.PodSpec { return &p.Template.Spec }

// Pod returns the pod of an application, made from its StatefulSet, Deployment, Job or CronJob. Every call returns a
// new copy. It panics unless exactly one controller of the region makes such pods.
func (r *Region) Pod(app string) *Pod {
	templates := r.templates(app)
	if len(templates) != 1 {
		panic(fmt.Sprintf("declared: %d controllers in %s make pods of the application %q", len(templates), r.Name, app))
	}
	for key, template := range templates {
		return &Pod{r, key.Namespace, key.Name, *template.DeepCopy()}
	}
	return nil
}

// Change changes the pod template of an application's controllers, if the region has any.
func (r *Region) Change(app string, change func(*Pod)) {
	for key, template := range r.templates(app) {
		pod := &Pod{r, key.Namespace, key.Name, *template}
		change(pod)
		*template = pod.Template
	}
}

// templates returns the templates of an application's pods, by controller.
func (r *Region) templates(app string) map[Key]*corev1.PodTemplateSpec {
	found := map[Key]*corev1.PodTemplateSpec{}
	take := func(key Key, template *corev1.PodTemplateSpec) {
		if template.Labels[AppLabel] == app {
			found[key] = template
		}
	}
	for key, c := range r.StatefulSets {
		take(key, &c.Spec.Template)
	}
	for key, c := range r.Deployments {
		take(key, &c.Spec.Template)
	}
	for key, c := range r.Jobs {
		take(key, &c.Spec.Template)
	}
	for key, c := range r.CronJobs {
		take(key, &c.Spec.JobTemplate.Spec.Template)
	}
	return found
}

// Container returns the pod's container or init container of a name, to be changed in place. It panics if there is
// none.
func (p *Pod) Container(name string) *corev1.Container {
	for _, containers := range [][]corev1.Container{p.Template.Spec.InitContainers, p.Template.Spec.Containers} {
		for i := range containers {
			if containers[i].Name == name {
				return &containers[i]
			}
		}
	}
	panic(fmt.Sprintf("declared: the pod %s has no container %q", p.Name, name))
}

// Service returns the Service of a name in the region, in any namespace, with its key. It panics unless there is
// exactly one.
func (r *Region) Service(name string) (Key, *corev1.Service) {
	var keys []Key
	for _, key := range slices.Collect(maps.Keys(r.Services)) {
		if key.Name == name {
			keys = append(keys, key)
		}
	}
	if len(keys) != 1 {
		panic(fmt.Sprintf("declared: %d Services in %s are called %q", len(keys), r.Name, name))
	}
	return keys[0], r.Services[keys[0]]
}
