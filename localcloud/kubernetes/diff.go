package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Diff compares the new inputs with the old ones, and says which changes mean another object. What changed in the
// cluster itself is in the old inputs since the last refresh (see Read).
func (p *provider) Diff(ctx context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	op, ctx, done, err := p.begin(ctx, req.URN, req.OldInputs, req.OldOutputs, req.NewInputs)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	defer done()
	oldInputs := req.OldInputs
	if len(oldInputs) == 0 {
		// An engine that does not send them: they are in the state.
		if recorded := bare(req.OldOutputs[inputsKey]); recorded.IsObject() {
			oldInputs = recorded.ObjectValue()
		}
	}
	olds, err := toManifest(oldInputs)
	if err != nil {
		return plugin.DiffResponse{}, asStatus(err)
	}
	news, err := toManifest(req.NewInputs)
	if err != nil {
		return plugin.DiffResponse{}, asStatus(err)
	}
	ignored, err := parsePaths(req.IgnoreChanges)
	if err != nil {
		return plugin.DiffResponse{}, asStatus(err)
	}
	dropServerFields(olds.Object)
	dropServerFields(news.Object)
	before, after := normalize(olds), normalize(news)

	fields := p.settings.replacingFields(after)
	detailed := map[string]plugin.PropertyDiff{}
	replace := false
	compare(nil, before.Object, after.Object, func(c change) {
		path := c.propertyPath()
		if slices.ContainsFunc(ignored, func(i resource.PropertyPath) bool { return i.Contains(path) }) {
			return
		}
		kind := c.kind()
		if slices.ContainsFunc(fields, func(f []string) bool { return touches(f, c.path, c.before, c.after) }) {
			kind, replace = kind.AsReplace(), true
		}
		detailed[path.String()] = plugin.PropertyDiff{Kind: kind, InputDiff: true}
	})
	if annotated(after.Object, annotationReplaceUnready) && op.unready(ctx, after, req.ID) {
		path := resource.PropertyPath{"metadata", "annotations", annotationReplaceUnready}
		detailed[path.String()] = plugin.PropertyDiff{Kind: plugin.DiffUpdateReplace, InputDiff: true}
		replace = true
	}
	result := plugin.DiffResponse{Changes: plugin.DiffNone, DetailedDiff: detailed}
	if len(detailed) == 0 {
		return result, nil
	}
	result.Changes = plugin.DiffSome
	for _, path := range slices.Sorted(maps.Keys(detailed)) {
		result.ChangedKeys = append(result.ChangedKeys, resource.PropertyKey(path))
		if k := detailed[path].Kind; k.IsReplace() {
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(path))
		}
	}
	// Two objects of one name cannot be side by side.
	result.DeleteBeforeReplace = replace && !annotated(after.Object, annotationAutonamed) &&
		after.GetName() != "" && after.GetName() == before.GetName() && after.GetNamespace() == before.GetNamespace()
	return result, nil
}

// unready says whether a Job, the one kind that replaceUnready is for, has not completed.
func (o *operation) unready(ctx context.Context, job *unstructured.Unstructured, id resource.ID) bool {
	if job.GroupVersionKind().GroupKind() != jobKind {
		o.warn(ctx, "%s has no effect on a %s: it is for Jobs", annotationReplaceUnready, job.GetKind())
		return false
	}
	namespace, name := splitID(id, job.GetNamespace())
	e, err := o.cluster.endpoint(job.GroupVersionKind(), namespace)
	if err != nil {
		o.warn(ctx, "%s is not looked at: %s", annotationReplaceUnready, err)
		return false
	}
	live, err := o.get(ctx, e, name)
	if err != nil {
		return false // What is not there is created anyway, after a refresh.
	}
	state, err := judgeJob(ctx, o.cluster, live)
	return err == nil && !state.ready
}

// normalize brings the values of a kind that Kubernetes itself has into their canonical form ("1000m" is "1"), without
// adding or removing a field. Other objects, and such as hold unknowns, stay as they are.
func normalize(object *unstructured.Unstructured) *unstructured.Unstructured {
	if hasUnknown(object.Object) {
		return object
	}
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	if err != nil {
		return object
	}
	converter := runtime.DefaultUnstructuredConverter
	if converter.FromUnstructured(object.Object, typed) != nil {
		return object
	}
	canonical, err := converter.ToUnstructured(typed)
	if err != nil {
		return object
	}
	return &unstructured.Unstructured{Object: adopt(object.Object, canonical).(map[string]any)}
}

// adopt returns a value in which each leaf is the canonical one, where that has it.
func adopt(value, canonical any) any {
	switch value := value.(type) {
	case map[string]any:
		other, _ := canonical.(map[string]any)
		result := make(map[string]any, len(value))
		for k, v := range value {
			result[k] = v
			if c, ok := other[k]; ok {
				result[k] = adopt(v, c)
			}
		}
		return result
	case []any:
		other, ok := canonical.([]any)
		if !ok || len(other) != len(value) {
			return value
		}
		result := make([]any, len(value))
		for i, v := range value {
			result[i] = adopt(v, other[i])
		}
		return result
	}
	if canonical == nil {
		return value
	}
	return canonical
}

// absent stands for a value that is not there, which null is not.
type absent struct{}

// change is a difference between two objects.
type change struct {
	path          []any // of field names and indices
	before, after any
}

// compare reports the differences, going into objects and lists as far as both sides have them.
func compare(path []any, before, after any, report func(change)) {
	if c, ok := after.(resource.Computed); ok {
		// It may turn out to be the same, but to say so would be a guess.
		report(change{slices.Clone(path), before, c})
		return
	}
	switch a := after.(type) {
	case map[string]any:
		if b, ok := before.(map[string]any); ok {
			keys := maps.Clone(a)
			maps.Copy(keys, b)
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				compare(append(path, key), lookup(b, key), lookup(a, key), report)
			}
			return
		}
	case []any:
		if b, ok := before.([]any); ok {
			for i := range max(len(a), len(b)) {
				compare(append(path, i), item(b, i), item(a, i), report)
			}
			return
		}
	}
	if !equal(before, after) {
		report(change{slices.Clone(path), before, after})
	}
}

func lookup(m map[string]any, key string) any {
	if v, ok := m[key]; ok {
		return v
	}
	return absent{}
}

func item(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return absent{}
}

// equal compares values of which one may have been through a JSON that knows only one kind of number.
func equal(a, b any) bool {
	number := func(v any) (float64, bool) {
		switch v := v.(type) {
		case int64:
			return float64(v), true
		case float64:
			return v, true
		}
		return 0, false
	}
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	return reflect.DeepEqual(a, b)
}

func (c change) kind() plugin.DiffKind {
	switch {
	case c.before == absent{}:
		return plugin.DiffAdd
	case c.after == absent{}:
		return plugin.DiffDelete
	}
	return plugin.DiffUpdate
}

// propertyPath is the path in the engine's notation: spec.containers[0].image, metadata.annotations["a/b"].
func (c change) propertyPath() resource.PropertyPath {
	path := make(resource.PropertyPath, len(c.path))
	copy(path, c.path)
	return path
}

func parsePaths(texts []string) ([]resource.PropertyPath, error) {
	var paths []resource.PropertyPath
	for _, text := range texts {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return nil, fmt.Errorf("ignoreChanges: %q is no property path: %w", text, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// splitID reads namespace/name, or name alone: then an object that has a namespace is in the one given.
func splitID(id resource.ID, namespace string) (string, string) {
	if before, after, ok := strings.Cut(string(id), "/"); ok {
		return before, after
	}
	return namespace, string(id)
}
