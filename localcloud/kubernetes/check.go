package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Check completes a resource's inputs (name, namespace, apiVersion and kind) and says what is wrong with them. Whether
// fields exist and have the right types the API server says, by a dry run, if it can be reached, serves the kind, and
// everything is known.
func (p *provider) Check(ctx context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	op, ctx, done, err := p.begin(ctx, req.URN, req.Olds, req.News)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	defer done()

	gvk, err := kindOf(req.URN.Type())
	if err != nil {
		return plugin.CheckResponse{}, asStatus(err)
	}
	inputKind := bare(req.News["kind"])
	switch {
	case isList(gvk):
		return plugin.CheckResponse{}, fmt.Errorf("%s is a list, which is no object of its own: "+
			"declare the resources in it one by one", gvk.Kind)
	case isPatch(gvk, textOf(inputKind)):
		return plugin.CheckResponse{}, fmt.Errorf("%s is a Patch resource, which the local cloud's kubernetes provider "+
			"does not support: declare the object as a whole, or use the published provider", gvk.Kind)
	}
	news, err := toManifest(req.News)
	if err != nil {
		return plugin.CheckResponse{}, asStatus(err)
	}
	olds, err := toManifest(req.Olds)
	if err != nil {
		return plugin.CheckResponse{}, asStatus(err)
	}

	var failures []plugin.CheckFailure
	fail := func(property, format string, a ...any) {
		failures = append(failures, plugin.CheckFailure{
			Property: resource.PropertyKey(property), Reason: op.redact.clean(fmt.Sprintf(format, a...)),
		})
	}
	object := news.Object
	for field, want := range map[string]string{"apiVersion": gvk.GroupVersion().String(), "kind": gvk.Kind} {
		switch got := object[field].(type) {
		case nil:
			object[field] = want
		case string:
			if got != want {
				fail(field, "%s is %q, but a %s has %q", field, got, req.URN.Type(), want)
			}
		default:
			fail(field, "%s must be %q, and known", field, want)
		}
	}
	if _, ok := object["metadata"]; !ok {
		object["metadata"] = map[string]any{}
	}
	if metadata, ok := object["metadata"].(map[string]any); ok && metadata["generateName"] != nil {
		fail("metadata.generateName", "metadata.generateName cannot be used with server-side apply: "+
			"leave the name out, and the provider makes one up")
	} else if err := autoname(object, olds.Object, req); err != nil {
		fail("metadata.name", "%s", err)
	}
	for _, fault := range checkAnnotations(object) {
		fail("metadata.annotations", "%s", fault)
	}
	dropServerFields(object)

	e, err := p.cluster.endpoint(gvk, "")
	switch {
	case isUnreachable(err) && p.settings.skipUpdateUnreachable && len(req.Olds) > 0:
		op.warn(ctx, "%s; the resource is left as it is (skipUpdateUnreachable)", err)
		return plugin.CheckResponse{Properties: req.Olds}, nil
	case err != nil && !isUnreachable(err) && !meta.IsNoMatchError(err):
		return plugin.CheckResponse{}, asStatus(err)
	}
	p.defaultNamespace(object, olds.Object, e.namespaced, err)

	if err == nil && len(failures) == 0 && !hasUnknown(object) {
		for _, f := range op.checkSchema(ctx, gvk, object) {
			fail(f.path, "%s", join(": ", f.path, f.problem))
		}
	}
	properties := toProperties(object)
	markSecrets(properties, req.News)
	return plugin.CheckResponse{Properties: properties, Failures: failures}, nil
}

// defaultNamespace completes the namespace of namespaced kinds and removes that of others. When it is not known which
// of them the kind is (the API server is down, or serves it only after something is created), an object that there is
// keeps what it has, and a new one's namespace is left to be settled later.
func (p *provider) defaultNamespace(object, old map[string]any, namespaced bool, lookup error) {
	namespace, isUnknown := metadataField(object, "namespace")
	switch {
	case lookup != nil:
		if previous, _ := metadataField(old, "namespace"); namespace == "" && !isUnknown && previous != "" {
			setMetadata(object, "namespace", previous)
		}
	case namespaced && namespace == "" && !isUnknown:
		setMetadata(object, "namespace", p.settings.namespace)
	case !namespaced:
		if metadata, ok := object["metadata"].(map[string]any); ok {
			delete(metadata, "namespace")
		}
	}
}

// dropServerFields removes what only the API server sets, which comes into a program by way of an object it read.
func dropServerFields(object map[string]any) {
	metadata, ok := object["metadata"].(map[string]any)
	if !ok {
		return
	}
	for _, field := range serverFields {
		delete(metadata, field)
	}
}

var serverFields = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
	"resourceVersion", "selfLink", "uid",
}

// schemaFault is a field that does not fit the kind's schema.
type schemaFault struct{ path, problem string }

// checkSchema asks the API server whether it understands the object, by a dry run of its creation: that reads it
// strictly, and before it looks at anything else. What else may be wrong with it now (the name is taken, say) is not
// the question.
func (o *operation) checkSchema(ctx context.Context, gvk schema.GroupVersionKind, object map[string]any) []schemaFault {
	namespace, _ := metadataField(object, "namespace")
	e, err := o.cluster.endpoint(gvk, namespace)
	if err != nil {
		return nil
	}
	return schemaFaults(persist(ctx, func(ctx context.Context) error {
		_, err := e.Create(ctx, &unstructured.Unstructured{Object: object}, metav1.CreateOptions{
			DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict,
		})
		return err
	}))
}

var (
	// strictFault is an API server's: strict decoding error: unknown field "spec.containers[0].imge", ...
	strictFault = regexp.MustCompile(`((?:unknown|duplicate) field) "([^"]+)"`)
	// typeFault is that of the JSON decoder below it, which ends at the first:
	// json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32
	typeFault = regexp.MustCompile(`cannot unmarshal (\w+)(?: [^ ]+)? into Go struct field \w+\.([^ ]+) of type ([^ ]+)`)
	// structureFault is one of an object of which nothing more is known.
	structureFault = regexp.MustCompile(`(?s)(?:strict decoding error|cannot be handled as).*`)
)

// schemaFaults reads the faults from an API server's answer. An answer about anything else has none.
func schemaFaults(err error) []schemaFault {
	var answer apierrors.APIStatus
	if !apierrors.IsBadRequest(err) || !errors.As(err, &answer) {
		return nil
	}
	message := answer.Status().Message
	var faults []schemaFault
	for _, m := range strictFault.FindAllStringSubmatch(message, -1) {
		faults = append(faults, schemaFault{m[2], m[1]})
	}
	for _, m := range typeFault.FindAllStringSubmatch(message, -1) {
		faults = append(faults, schemaFault{m[2], fmt.Sprintf("%s is given where %s is due", m[1], m[3])})
	}
	if text := structureFault.FindString(message); len(faults) == 0 && text != "" {
		faults = append(faults, schemaFault{"", text})
	}
	return faults
}

func textOf(v resource.PropertyValue) string {
	if v.IsString() {
		return v.StringValue()
	}
	return ""
}
