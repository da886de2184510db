package kubernetes

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The annotations by which a program steers the provider, object by object.
const (
	annotationAutonamed      = "pulumi.com/autonamed" // the provider's own mark
	annotationSkipAwait      = "pulumi.com/skipAwait"
	annotationWaitFor        = "pulumi.com/waitFor"
	annotationTimeout        = "pulumi.com/timeoutSeconds"
	annotationReplaceUnready = "pulumi.com/replaceUnready"
	annotationPatchForce     = "pulumi.com/patchForce"
	annotationFieldManager   = "pulumi.com/patchFieldManager"
	annotationPropagation    = "pulumi.com/deletionPropagationPolicy"
)

// annotation reads one of an object's annotations; an unknown one counts as not set.
func annotation(object map[string]any, key string) string {
	metadata, _ := object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	value, _ := annotations[key].(string)
	return value
}

func annotated(object map[string]any, key string) bool { return annotation(object, key) == "true" }

// setAnnotation annotates, unless the place for it is unknown.
func setAnnotation(object map[string]any, key, value string) {
	metadata, ok := object["metadata"].(map[string]any)
	if !ok {
		return
	}
	switch annotations := metadata["annotations"].(type) {
	case nil:
		metadata["annotations"] = map[string]any{key: value}
	case map[string]any:
		annotations[key] = value
	}
}

// timeoutOf is how long a wait may take: what the resource's customTimeouts say (seconds; 0 is nothing), or the
// annotation, or else the default.
func timeoutOf(custom float64, object map[string]any, otherwise time.Duration) time.Duration {
	if custom > 0 {
		return time.Duration(custom * float64(time.Second))
	}
	if seconds, err := strconv.Atoi(annotation(object, annotationTimeout)); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return otherwise
}

// propagationOf is what becomes of an object's dependents when it is deleted: they go first, unless it says otherwise.
func propagationOf(object map[string]any) metav1.DeletionPropagation {
	switch strings.ToLower(annotation(object, annotationPropagation)) {
	case "orphan":
		return metav1.DeletePropagationOrphan
	case "background":
		return metav1.DeletePropagationBackground
	}
	return metav1.DeletePropagationForeground
}

// checkAnnotations names the annotations whose values say nothing.
func checkAnnotations(object map[string]any) []string {
	var faults []string
	fault := func(key, allowed string) {
		faults = append(faults, fmt.Sprintf("%s is %q; it may be %s", key, annotation(object, key), allowed))
	}
	for _, key := range []string{annotationSkipAwait, annotationReplaceUnready, annotationPatchForce} {
		if v := annotation(object, key); v != "" && v != "true" && v != "false" {
			fault(key, `"true" or "false"`)
		}
	}
	if v := annotation(object, annotationTimeout); v != "" {
		if n, err := strconv.Atoi(v); err != nil || n <= 0 {
			fault(annotationTimeout, "a positive number of seconds")
		}
	}
	switch strings.ToLower(annotation(object, annotationPropagation)) {
	case "", "orphan", "background", "foreground":
	default:
		fault(annotationPropagation, `"foreground", "background" or "orphan"`)
	}
	if v := annotation(object, annotationWaitFor); v != "" {
		if _, err := parseWaitFor(v); err != nil {
			faults = append(faults, fmt.Sprintf("%s: %s", annotationWaitFor, err))
		}
	}
	return faults
}
