package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// requirement is one expression of the annotation pulumi.com/waitFor, in the notation of kubectl wait:
// "condition=Ready", "condition=Ready=False", "jsonpath={.status.phase}=Running", "jsonpath={.status.token}".
type requirement struct {
	text string
	// holds says whether an object fulfils it.
	holds func(*unstructured.Unstructured) (bool, error)
}

// parseWaitFor reads the annotation: one expression, or a JSON list of several, all of which must hold.
func parseWaitFor(text string) ([]requirement, error) {
	expressions := []string{text}
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		if err := json.Unmarshal([]byte(text), &expressions); err != nil {
			return nil, fmt.Errorf("%q is no JSON list of strings: %w", text, err)
		}
	}
	if len(expressions) == 0 {
		return nil, fmt.Errorf("%q names nothing to wait for", text)
	}
	var result []requirement
	for _, expression := range expressions {
		r := requirement{text: expression}
		var err error
		if rest, ok := strings.CutPrefix(expression, "condition="); ok {
			r.holds, err = conditionHolds(rest)
		} else if rest, ok := strings.CutPrefix(expression, "jsonpath="); ok {
			r.holds, err = pathHolds(rest)
		} else {
			err = fmt.Errorf(`it must begin with "jsonpath=" or "condition="`)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", expression, err)
		}
		result = append(result, r)
	}
	return result, nil
}

func conditionHolds(text string) (func(*unstructured.Unstructured) (bool, error), error) {
	kind, want, given := strings.Cut(text, "=")
	if kind == "" || (given && want == "") {
		return nil, fmt.Errorf("the form is condition=Type or condition=Type=Status")
	}
	if !given {
		want = "True"
	}
	return func(o *unstructured.Unstructured) (bool, error) {
		for _, c := range conditions(o) {
			if strings.EqualFold(c.kind, kind) && strings.EqualFold(c.status, want) {
				return true, nil
			}
		}
		return false, nil
	}, nil
}

func pathHolds(text string) (func(*unstructured.Unstructured) (bool, error), error) {
	end := strings.LastIndex(text, "}")
	if !strings.HasPrefix(text, "{") || end < 0 {
		return nil, fmt.Errorf("the form is jsonpath={.field} or jsonpath={.field}=value")
	}
	path, rest := text[:end+1], text[end+1:]
	want, given := strings.CutPrefix(rest, "=")
	if rest != "" && (!given || want == "") {
		return nil, fmt.Errorf("the form is jsonpath={.field} or jsonpath={.field}=value")
	}
	parsed := jsonpath.New("waitFor").AllowMissingKeys(true)
	if err := parsed.Parse(path); err != nil {
		return nil, fmt.Errorf("the JSONPath cannot be read: %w", err)
	}
	want = strings.Trim(want, `"'`)
	return func(o *unstructured.Unstructured) (bool, error) {
		found, err := parsed.FindResults(o.Object)
		if err != nil {
			return false, err
		}
		if len(found) == 0 || len(found[0]) == 0 {
			return false, nil
		}
		if !given {
			return true, nil
		}
		var printed bytes.Buffer
		if err := parsed.PrintResults(&printed, found[0]); err != nil {
			return false, err
		}
		return printed.String() == want, nil
	}, nil
}

// gateOf is what an object waits for: nothing when the inputs skip it, what they say, or what its kind does.
func gateOf(inputs map[string]any, object *unstructured.Unstructured) (gate, bool, error) {
	if annotated(inputs, annotationSkipAwait) {
		return gate{}, false, nil
	}
	if text := annotation(inputs, annotationWaitFor); text != "" {
		requirements, err := parseWaitFor(text)
		if err != nil {
			return gate{}, false, fmt.Errorf("%s: %w", annotationWaitFor, err)
		}
		return gate{timeout: 10 * time.Minute, judge: judgeRequirements(requirements)}, true, nil
	}
	g, ok := gates[object.GroupVersionKind().GroupKind()]
	return g, ok, nil
}

func judgeRequirements(
	requirements []requirement,
) func(context.Context, *cluster, *unstructured.Unstructured) (readiness, error) {
	return func(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
		var missing []string
		for _, r := range requirements {
			holds, err := r.holds(o)
			if err != nil {
				return readiness{}, fmt.Errorf("%s: %q: %w", annotationWaitFor, r.text, err)
			}
			if !holds {
				missing = append(missing, r.text)
			}
		}
		return readiness{
			ready: len(missing) == 0, message: "it does not fulfil " + strings.Join(missing, ", ") + " yet",
		}, nil
	}
}
