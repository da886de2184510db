package stacktest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Unknown replaces the values that a preview does not know.
const Unknown = "<unknown>"

// Plain is a value without marks: secrets in plain text, unknown values as Unknown, and otherwise what JSON would hold.
func Plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return Plain(v.SecretValue().Element)
	case v.IsComputed():
		return Unknown
	case v.IsOutput():
		if !v.OutputValue().Known {
			return Unknown
		}
		return Plain(v.OutputValue().Element)
	case v.IsArray():
		list := make([]any, 0, len(v.ArrayValue()))
		for _, item := range v.ArrayValue() {
			list = append(list, Plain(item))
		}
		return list
	case v.IsObject():
		object := map[string]any{}
		for name, item := range v.ObjectValue() {
			object[string(name)] = Plain(item)
		}
		return object
	}
	return v.V
}

// Plain are the resource's inputs without marks. The result must not be modified.
func (r *Resource) Plain() map[string]any {
	if r.plain == nil {
		r.plain = Plain(resource.NewProperty(r.Inputs)).(map[string]any)
	}
	return r.plain
}

// Into decodes the resource's inputs into a struct with JSON tags. It panics if they do not fit, which does not happen
// to valid inputs.
func (r *Resource) Into(target any) {
	text, err := json.Marshal(r.Plain())
	if err == nil {
		err = json.Unmarshal(text, target)
	}
	if err != nil {
		panic(fmt.Sprintf("stacktest: %s: %v", r, err))
	}
}

// At is the plain value of an input, given by its path ("spec.ports.0.port"); nil if there is none.
func (r *Resource) At(path string) any {
	var value any = r.Plain()
	for step := range strings.SplitSeq(path, ".") {
		switch at := value.(type) {
		case map[string]any:
			value = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return nil
			}
			value = at[i]
		default:
			return nil
		}
	}
	return value
}

// Text is At for a string; empty if there is none.
func (r *Resource) Text(path string) string {
	text, _ := r.At(path).(string)
	return text
}

// Data are the entries of a ConfigMap or a Secret; nil for any other resource.
func (r *Resource) Data() map[string]any {
	for _, field := range []string{"stringData", "data"} {
		if entries, ok := r.At(field).(map[string]any); ok {
			return entries
		}
	}
	return nil
}

// Output is an output as plain text; Unknown if a preview does not know it, empty if it is not text.
func (r *Resource) Output(name string) string {
	text, _ := Plain(r.Outputs[resource.PropertyKey(name)]).(string)
	return text
}

// Metadata of a Kubernetes object.
type Metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// Metadata is the object's metadata as declared, without a generated name or the default namespace.
func (r *Resource) Metadata() Metadata {
	if r.metadata == nil {
		var object struct {
			Metadata Metadata `json:"metadata"`
		}
		r.Into(&object)
		r.metadata = &object.Metadata
	}
	return *r.metadata
}

// ObjectName is the object's name in its cluster. It is Unknown in a preview unless the name is declared.
func (r *Resource) ObjectName() string {
	if metadata, ok := r.Outputs["metadata"]; ok {
		return Plain(metadata).(map[string]any)["name"].(string)
	}
	if name := r.Metadata().Name; name != "" {
		return name
	}
	return Unknown
}

// Selector is a label selector with matchLabels only; an empty one selects everything.
type Selector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

// Selects says whether an object with the labels is selected.
func (s Selector) Selects(labels map[string]string) bool {
	for name, value := range s.MatchLabels {
		if labels[name] != value {
			return false
		}
	}
	return true
}

// Workload is what starts pods: a StatefulSet, a Deployment, a Job or a CronJob.
type Workload struct {
	*Resource
	Spec struct {
		Replicas    int      `json:"replicas"`
		ServiceName string   `json:"serviceName"`
		Selector    Selector `json:"selector"`
		Strategy    struct {
			Type          string `json:"type"`
			RollingUpdate struct {
				MaxSurge int `json:"maxSurge"`
			} `json:"rollingUpdate"`
		} `json:"strategy"`
		VolumeClaimTemplates []any `json:"volumeClaimTemplates"`
	}
	Labels map[string]string // of its pods
	Pod    Pod
}

// Workloads returns all workloads, in the order of registration.
func (g *Graph) Workloads() []Workload {
	if g.workloads == nil {
		for _, r := range g.Resources {
			if w, ok := workload(r); ok {
				g.workloads = append(g.workloads, w)
			}
		}
	}
	return g.workloads
}

func workload(r *Resource) (Workload, bool) {
	type template struct {
		Metadata Metadata `json:"metadata"`
		Spec     Pod      `json:"spec"`
	}
	w := Workload{Resource: r}
	var pod template
	switch r.Kind() {
	case "StatefulSet", "Deployment", "Job":
		var object struct {
			Spec struct {
				Template template `json:"template"`
			} `json:"spec"`
		}
		r.Into(&object)
		pod = object.Spec.Template
	case "CronJob":
		var object struct {
			Spec struct {
				JobTemplate struct {
					Spec struct {
						Template template `json:"template"`
					} `json:"spec"`
				} `json:"jobTemplate"`
			} `json:"spec"`
		}
		r.Into(&object)
		pod = object.Spec.JobTemplate.Spec.Template
	default:
		return w, false
	}
	object := struct{ Spec any }{&w.Spec}
	r.Into(&object)
	w.Labels, w.Pod = pod.Metadata.Labels, pod.Spec
	return w, true
}
